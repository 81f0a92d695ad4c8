import {
  maxBatchEvents,
  maxPartitionKeyLength,
  type NewAssetEvent,
  storableExtra,
} from '../core/asset-event.ts';
import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { AnyAsset, Emit, EmitOptions } from '../sdk/index.ts';

/** One update of an outlet, as it is recorded. */
export interface Emitted {
  readonly outlet: AnyAsset;
  readonly extra: JsonObject;
  readonly partitionKey: string | undefined;
}

/** What a task said about its outlets. Nothing is recorded before it succeeds. */
export interface Outbox {
  readonly emit: Emit;
  /** Checks an event that is recorded at once; its outlet is silent no more. */
  checked(asset: AnyAsset, event?: EmitOptions<object>): Emitted;
  /** The events to record: what was emitted, and one for each outlet that was not. */
  events(idOf: (asset: AssetRef) => number): readonly NewAssetEvent[];
}

/** Checks every event when it is emitted, so that the author's own line fails. */
export function createOutbox(outlets: readonly AnyAsset[]): Outbox {
  const emitted: Emitted[] = [];
  const declared = new Map(outlets.map((outlet) => [assetKey(outlet), outlet]));
  const silent = new Map(declared);
  const check = (asset: AnyAsset, event: EmitOptions<object>): Emitted => {
    const outlet = declared.get(assetKey(asset)) ?? undeclared(outlets, asset);
    const extra = checkedExtra(outlet, event.extra ?? {});
    return { outlet, extra, partitionKey: checkedKey(event.partition) };
  };
  const emit = (asset: AnyAsset, event: EmitOptions<object> = {}): void => {
    const one = check(asset, event);
    const key = assetKey(asset);
    // Each silent outlet is an event of the same batch, unless this one speaks for it.
    const others = emitted.length + silent.size - (silent.has(key) ? 1 : 0);
    if (others >= maxBatchEvents) {
      throw new TidegateError(
        'invalid_input',
        `a task may emit ${maxBatchEvents} events at most, one for each outlet that was not emitted included`,
      );
    }
    emitted.push(one);
    silent.delete(key);
  };
  return {
    emit: emit as Emit,
    checked(asset, event = {}) {
      const one = check(asset, event);
      silent.delete(assetKey(asset));
      return one;
    },
    events(idOf) {
      const all = [...emitted, ...[...silent.values()].map(silently)];
      return all.map(({ outlet, extra, partitionKey }) => ({ assetId: idOf(outlet), extra, partitionKey }));
    },
  };
}

/** An outlet nobody emitted is updated too, with what its schema makes of no extra. */
function silently(outlet: AnyAsset): Emitted {
  const parsed = parseExtra(outlet, {});
  if (!parsed.success) {
    throw new TidegateError(
      'invalid_input',
      `${outlet.name} was not emitted, and its eventExtra asks for an extra: emit it, or take it out of 'outlets'`,
    );
  }
  return { outlet, extra: stored(outlet, parsed.data), partitionKey: undefined };
}

function undeclared(outlets: readonly AnyAsset[], asset: AnyAsset): never {
  const names = outlets.map(({ name }) => name).join(', ');
  throw new TidegateError(
    'undeclared_outlet',
    `${asset.name} is not an outlet of this task: add it to 'outlets' (declared: ${names === '' ? 'none' : names})`,
  );
}

function checkedExtra(outlet: AnyAsset, extra: object): JsonObject {
  const parsed = parseExtra(outlet, extra);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'extra' : `extra.${issue.path.join('.')}`;
    throw new TidegateError(
      'invalid_input',
      `${where} of ${outlet.name} does not meet the asset's eventExtra: ${issue?.message ?? parsed.error.message}`,
    );
  }
  return stored(outlet, parsed.data);
}

/** What the schema of an outlet makes of an extra; without one it is taken as it is. */
function parseExtra(outlet: AnyAsset, extra: object) {
  return outlet.eventExtra?.safeParse(extra) ?? { success: true as const, data: extra };
}

/** Through JSON, so that what is recorded is what the author's object is once it is stored. */
function stored(outlet: AnyAsset, extra: object): JsonObject {
  const parsed: JsonObject = JSON.parse(storableExtra(extra as JsonObject, outlet.name));
  return parsed;
}

function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (key.trim() === '' || key.length > maxPartitionKeyLength) {
    throw new TidegateError(
      'invalid_input',
      `partition ${JSON.stringify(key.slice(0, 120))} is not valid: use 1 to ${maxPartitionKeyLength} characters`,
    );
  }
  return key;
}
