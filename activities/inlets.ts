import type { Seq } from '../core/asset-event.ts';
import { parseInstant } from '../core/dag-options.ts';
import { TidegateError } from '../core/errors.ts';
import { accepts, type EventFilter, parseEventFilter } from '../core/event-filter.ts';
import { type JsonObject, shown } from '../core/json.ts';
import { sourceOf } from '../sdk/source.ts';
import type { AnySource, AssetReference, EventReader, Inlets, InstantInput } from '../sdk/index.ts';
import type { AssetIds } from '../store/asset-ids.ts';
import type { Db } from '../store/database.ts';
import { readLog } from '../store/log.ts';
import {
  countRecorded,
  positionBefore,
  readRecorded,
  type RecordedStretch,
} from '../store/recorded-events.ts';
import { findSource } from '../store/source-ids.ts';
import { declaredInlet } from './declared-inlet.ts';
import { createEventList } from './event-list.ts';
import { keepTrying } from './keep-trying.ts';

/** What reads of inlets work with. */
export interface InletDeps {
  readonly db: Db;
  readonly assetIds: AssetIds;
  /** Inlets of the task. */
  readonly inlets: readonly AnySource[];
  readonly signal: AbortSignal;
}

/** Which events of an inlet are asked for. */
interface Query {
  readonly inlet: AnySource;
  readonly fromAt: number | undefined;
  readonly untilAt: number | undefined;
  readonly filters: readonly EventFilter[];
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** The inlets of one try, which sees the log as it was when it first read one of them. */
export function createInlets(deps: InletDeps): Inlets {
  const headOf = once(() => keepTrying(async () => (await readLog(deps.db)).head, deps.signal));
  const of = (reference: AnySource | AssetReference): EventReader =>
    readerOf(deps, headOf, {
      inlet: declaredInlet(deps.inlets, reference),
      ...{ fromAt: undefined, untilAt: undefined, filters: [] },
      ...{ newestFirst: false, limit: Number.POSITIVE_INFINITY },
    });
  return { of: of as Inlets['of'] };
}

function readerOf(deps: InletDeps, headOf: () => Promise<Seq>, query: Query): EventReader {
  const { db, signal } = deps;
  const { fromAt, untilAt, filters } = query;
  const stretchOf = once(() => keepTrying(async () => stretch(deps, query, await headOf()), signal));
  const list = createEventList<JsonObject>(
    {
      read: async (page) => {
        const within = await stretchOf();
        return keepTrying(() => readRecorded(db, within, page), signal);
      },
      count: async () => {
        const within = await stretchOf();
        return keepTrying(() => countRecorded(db, within), signal);
      },
      accepts:
        filters.length === 0
          ? undefined
          : ({ extra, partitionKey = null, source }) =>
              filters.every((filter) => accepts(filter, { extra, partitionKey, source })),
    },
    query,
  );
  const narrowed = (change: Partial<Query>): EventReader => readerOf(deps, headOf, { ...query, ...change });
  return Object.assign(list, {
    after: (instant: InstantInput) =>
      narrowed({ fromAt: Math.max(instantOf(instant, 'after'), fromAt ?? Number.NEGATIVE_INFINITY) }),
    before: (instant: InstantInput) =>
      narrowed({ untilAt: Math.min(instantOf(instant, 'before'), untilAt ?? Number.POSITIVE_INFINITY) }),
    where: (filter: unknown) => narrowed({ filters: [...filters, parseEventFilter(filter)] }),
    limit: (count: number) => narrowed({ limit: Math.min(countOf(count), query.limit) }),
    ascending: () => narrowed({ newestFirst: false }),
    descending: () => narrowed({ newestFirst: true }),
  });
}

/** Where the events of an inlet lie that were recorded within its times, up to the head of the log. */
async function stretch(
  { db, assetIds }: InletDeps,
  { inlet, fromAt, untilAt }: Query,
  head: Seq,
): Promise<RecordedStretch> {
  const of = await findSource(db, assetIds, sourceOf(inlet));
  const all = { of, after: 0, upTo: head };
  const after = fromAt === undefined ? 0 : await positionBefore(db, all, fromAt);
  // Times are whole milliseconds: before the next one is within this one.
  const upTo = untilAt === undefined ? head : await positionBefore(db, all, untilAt + 1);
  return { of, after, upTo };
}

/** @throws TidegateError `invalid_definition` when it is no time */
export function instantOf(instant: InstantInput, name: string): number {
  return typeof instant === 'number' && Number.isSafeInteger(instant) ? instant : parseInstant(instant, name);
}

function countOf(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new TidegateError(
    'invalid_input',
    `limit ${shown(count)} is not valid: use a whole number from 0 on`,
  );
}

/** Asks once and remembers the answer, but no failure. */
function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asked: Promise<Answer> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
