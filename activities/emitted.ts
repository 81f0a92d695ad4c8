import { maxBatchDeliveries, maxBatchEvents } from '../core/asset-event.ts';
import { assetKey } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { sourceKey } from '../core/source.ts';
import type { Alias, AnyAsset, AnySource, AssetByReference, Emit, EmitOptions } from '../sdk/index.ts';
import { isAlias, isAsset, sourceOf } from '../sdk/source.ts';
import { checkedExtra, checkedKey, silentExtra } from './emitted-extra.ts';
import { createPassages, instanceIn, type Room } from './passages.ts';

/** One update, as it is recorded. */
export interface Emitted {
  readonly outlet: AnyAsset;
  readonly extra: JsonObject;
  readonly partitionKey: string | undefined;
  /** Names of the aliases it comes through; none where it is of a declared outlet. */
  readonly aliases: readonly string[];
  /** Name of the templated asset that it is an instance of. */
  readonly template?: string;
}

/** An outlet of a task; a reference with the asset that it stands for in this try. */
export type Outlet = AnyAsset | Alias | { readonly reference: AssetByReference; readonly asset: AnyAsset };

/** What a task said about its outlets. Nothing is recorded before it succeeds. */
export interface Outbox {
  readonly emit: Emit;
  /** Checks an event that is recorded at once; its outlet is silent no more. */
  checked(asset: AnySource, event?: EmitOptions<object>): Emitted;
  /** The events to record: what was emitted, one for each outlet that was not, and what came through aliases. */
  events(): readonly Emitted[];
}

/** Checks every event when it is emitted, so that the author's own line fails. */
export function createOutbox(
  outlets: readonly Outlet[],
  { room = everywhere, runKey = null }: { readonly room?: Room; readonly runKey?: string | null } = {},
): Outbox {
  const emitted: Emitted[] = [];
  const assets = outlets.flatMap((outlet) =>
    'asset' in outlet ? [outlet.asset] : isAsset(outlet) ? [outlet] : [],
  );
  const declared = new Map(
    outlets.flatMap((outlet) => {
      if ('asset' in outlet)
        return [
          [keyOf(outlet.reference), outlet.asset],
          [assetKey(outlet.asset), outlet.asset],
        ] as const;
      return isAsset(outlet) ? [[keyOf(outlet), outlet] as const] : [];
    }),
  );
  const silent = new Map(assets.map((outlet) => [assetKey(outlet), outlet]));
  /** Events are of the partition of the run, unless they say another. */
  const keyOfEvent = (partition: string | null | undefined): string | undefined =>
    partition === undefined ? (runKey ?? undefined) : checkedKey(partition ?? undefined);
  const passages = createPassages(outlets.filter(isAlias), room, keyOfEvent);
  const check = (asset: AnySource, { extra = {}, partition }: EmitOptions<object>): Emitted => {
    const outlet = declared.get(keyOf(asset)) ?? undeclared(assets, asset);
    const given = checkedExtra(outlet, extra);
    return { ...instanceIn(room, outlet, keyOfEvent(partition)), extra: given, aliases: [] };
  };
  const silentKeyOf = (asset: AnySource): string =>
    assetKey(declared.get(keyOf(asset)) ?? undeclared(assets, asset));
  /** Each silent outlet is an event of the same batch too. */
  let templated = assets.filter(({ template }) => template !== undefined).length;
  const requireRoom = (events: number): void => {
    const all = events + emitted.length + silent.size + passages.events;
    if (all > maxBatchEvents) {
      throw new TidegateError(
        'invalid_input',
        `a task may emit ${maxBatchEvents} events at most, one for each outlet that was not emitted included`,
      );
    }
    if (all + passages.passages + templated > maxBatchDeliveries) {
      throw new TidegateError(
        'invalid_input',
        `a task may emit ${maxBatchDeliveries} events and aliases they came through at most`,
      );
    }
  };
  const emit = (asset: AnySource, event: EmitOptions<object> = {}): void => {
    const one = check(asset, event);
    const key = silentKeyOf(asset);
    requireRoom(silent.has(key) ? 0 : 1);
    emitted.push(one);
    if (one.template !== undefined) templated += 1;
    silent.delete(key);
  };
  const via: typeof passages.add = (through, asset, event) => {
    requireRoom(1);
    passages.add(through, asset, event);
  };
  return {
    emit: Object.assign(emit, { via }) as Emit,
    checked(asset, event = {}) {
      const one = check(asset, event);
      silent.delete(silentKeyOf(asset));
      return one;
    },
    events: () => [
      ...emitted,
      ...[...silent.values()].map((outlet) => silently(room, outlet, runKey ?? undefined)),
      ...passages.list(),
    ],
  };
}

/** Where every asset may be registered as it is. */
const everywhere: Room = {
  describe: (asset) => asset,
  clashOf: () => undefined,
  instanceOf: (asset) => asset,
};

/** An outlet nobody emitted is updated too, with what its schema makes of no extra. */
function silently(room: Room, outlet: AnyAsset, partitionKey: string | undefined): Emitted {
  return { ...instanceIn(room, outlet, partitionKey), extra: silentExtra(outlet), aliases: [] };
}

/** Authors may write plain JavaScript, so it may be an alias all the same. */
function keyOf(asset: AnySource): string {
  return sourceKey(sourceOf(asset));
}

function undeclared(outlets: readonly AnyAsset[], asset: AnySource): never {
  if (isAlias(asset)) {
    throw new TidegateError(
      'invalid_input',
      `${asset.name} is an alias: write emit.via(alias, asset('…')) to say which asset was updated`,
    );
  }
  const names = outlets.map(({ name }) => name).join(', ');
  throw new TidegateError(
    'undeclared_outlet',
    `${asset.name} is not an outlet of this task: add it to 'outlets' (declared: ${names === '' ? 'none' : names})`,
  );
}
