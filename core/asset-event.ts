import { TidegateError } from './errors.ts';
import type { AssetRef } from './asset-uri.ts';
import type { DagId, RunId, TaskId } from './ids.ts';
import { type JsonObject, toStorableJson } from './json.ts';

/** Position of an entry in the log. Gapless and in commit order, so "everything after n" is a complete statement. */
export type Seq = number;

/** Largest `extra` of an event, as JSON in UTF-8. */
export const maxExtraBytes = 64 * 1_024;
export const maxPartitionKeyLength = 250;
/** Most events one request or one task success may record. */
export const maxBatchEvents = 10_000;
/** Most events of one batch and aliases they came through together: each is told to those who wait for it. */
export const maxBatchDeliveries = 2 * maxBatchEvents;

/** Where an event came from. */
export type EventSource =
  | {
      readonly kind: 'task';
      readonly dagId: DagId;
      readonly runId: RunId;
      readonly taskId: TaskId;
      /** Which instance of a mapped task; absent of a task that is not mapped. */
      readonly mapIndex?: number;
    }
  /** A run that succeeded, for the outlets of its DAG as a whole. */
  | { readonly kind: 'dag'; readonly dagId: DagId; readonly runId: RunId }
  | { readonly kind: 'api' };

/** What is known of the run an event came from. Instants are epoch milliseconds. */
export interface SourceRun {
  readonly logicalAt: number | null;
  readonly dataIntervalStartAt: number | null;
  readonly dataIntervalEndAt: number | null;
}

/** One successful update of an asset. */
export interface AssetEvent {
  readonly seq: Seq;
  readonly assetId: number;
  readonly asset: AssetRef;
  /** When it was recorded; never below that of the entry before. */
  readonly recordedAt: number;
  readonly extra: JsonObject;
  readonly partitionKey: string | undefined;
  readonly source: EventSource;
  /** `undefined` for what no run recorded. */
  readonly sourceRun: SourceRun | undefined;
}

/** An event as its producer describes it; recording gives it a position and a time. */
export interface NewAssetEvent {
  readonly assetId: number;
  readonly extra: JsonObject;
  readonly partitionKey: string | undefined;
  /** Aliases it comes through, each once. */
  readonly aliasIds?: readonly number[];
}

/**
 * The stored form of an event's extra.
 * @throws TidegateError `extra_too_large` when it is above 64 KiB as JSON, `invalid_input` when it cannot be stored
 */
export function storableExtra(extra: object, asset: string): string {
  const text = toStorableJson(extra, `extra of ${asset}`);
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > maxExtraBytes) {
    throw new TidegateError(
      'extra_too_large',
      `extra of ${asset} is ${bytes} bytes as JSON, ${maxExtraBytes} are allowed: store the data elsewhere and put a reference into extra`,
    );
  }
  return text;
}
