import { instantOf, type OpenStretch } from '../activities/event-readers.ts';
import { checkedExtra } from '../activities/emitted-extra.ts';
import { createEventList, type StoredEvents } from '../activities/event-list.ts';
import type { AssetEvent, EventSource } from '../core/asset-event.ts';
import { sourceKey } from '../core/source.ts';
import type { AnyAsset, AnySource, JsonObject, TriggeringEvents } from '../sdk/index.ts';
import { isAlias, isAssetRef, sourceOf } from '../sdk/source.ts';
import type { Given, GivenEvent } from './given.ts';

/** An event to be written down. */
export interface NewEntry {
  readonly asset: AnyAsset;
  readonly extra: JsonObject;
  readonly partition: string | undefined;
  readonly at: number;
  readonly source: EventSource;
  readonly aliases: readonly string[];
  readonly saved?: unknown;
}

interface Entry {
  readonly event: AssetEvent;
  readonly aliases: readonly string[];
  readonly saved: unknown;
}

/** The events of one run in process: those it was given, and those its tasks record. */
export interface EventBook {
  write(entry: NewEntry): void;
  /** What was saved with the event at a position; `undefined` where nothing was. */
  savedAt(seq: number): unknown;
  /** The oldest event of an inlet that is meant. */
  find(inlet: AnySource, isMeant: (event: AssetEvent) => boolean): AssetEvent | undefined;
  readonly consumed: TriggeringEvents;
  readonly open: OpenStretch;
}

export function openBook({ events = [], recorded = [] }: Given, beginsAt: number): EventBook {
  const entries: Entry[] = [];
  const write = ({ asset, extra, partition, at, source, aliases, saved }: NewEntry): void => {
    const { name, uri } = asset;
    const known = entries.find(({ event }) => event.asset.uri === uri && event.asset.name === name);
    const assetId = known?.event.assetId ?? entries.length + 1;
    entries.push({
      ...{ aliases, saved },
      event: {
        ...{ seq: entries.length + 1, assetId, asset: { name, uri }, recordedAt: at },
        ...{ extra, partitionKey: partition, source, sourceRun: undefined },
      },
    });
  };
  const give = ({ asset, extra = {}, partition, at, aliases = [], saved }: GivenEvent): void =>
    write({
      ...{ asset, partition, aliases, saved, extra: checkedExtra(asset, extra), source: { kind: 'api' } },
      at: at === undefined ? beginsAt : instantOf(at, 'at'),
    });
  for (const event of recorded) give(event);
  const before = entries.length;
  for (const event of events) give(event);
  const triggering = entries.slice(before);

  const readable = (all: () => readonly Entry[]): StoredEvents => ({
    count: async () => all().length,
    async read({ newestFirst, beyond, skip, limit }) {
      const inOrder = all().map(({ event }) => event);
      const listed = newestFirst ? inOrder.toReversed() : inOrder;
      const start = beyond === undefined ? 0 : listed.findIndex(({ seq }) => seq === beyond) + 1;
      return listed.slice(start + skip, start + skip + limit);
    },
  });
  const of = (list: readonly Entry[], source: AnySource): readonly Entry[] =>
    list.filter((entry) => isOf(entry, source));
  return {
    write,
    savedAt: (seq) => entries.find(({ event }) => event.seq === seq)?.saved,
    find: (inlet, isMeant) => of(entries, inlet).find(({ event }) => isMeant(event))?.event,
    consumed: {
      of: (source: AnySource) => createEventList(readable(() => of(triggering, source))),
      all: () => createEventList(readable(() => triggering)),
    } as TriggeringEvents,
    open: ({ inlet, fromAt = Number.NEGATIVE_INFINITY, untilAt = Number.POSITIVE_INFINITY }) =>
      readable(() =>
        of(entries, inlet).filter(
          ({ event: { recordedAt } }) => recordedAt >= fromAt && recordedAt <= untilAt,
        ),
      ),
  };
}

function isOf({ event: { asset }, aliases }: Entry, source: AnySource): boolean {
  if (isAlias(source)) return aliases.includes(source.name);
  if (isAssetRef(source)) return source.name === (source.by === 'uri' ? asset.uri : asset.name);
  return sourceKey(sourceOf(source)) === sourceKey(asset);
}
