import type { AssetEvent } from '../core/asset-event.ts';
import type { Duration } from '../core/duration.ts';
import type { EventFilterInput } from '../core/event-filter.ts';
import type { JsonObject } from '../core/json.ts';
import type { Alias } from './alias.ts';
import type { AssetByReference } from './asset-ref.ts';
import type { Asset, AssetReference } from './asset.ts';

/** An event as tasks read it; `extra` is typed by its asset's schema. */
export interface RecordedEvent<Extra extends object = JsonObject> extends Omit<AssetEvent, 'extra'> {
  readonly extra: Extra;
}

/** A time: epoch milliseconds, a `Date`, a date (`'2024-01-01'`, UTC), or an instant with its offset. */
export type InstantInput = number | string | Date;

/** Events in order, read page by page as they are asked for: however many there are, few are in memory. */
export interface EventList<Extra extends object = JsonObject> extends AsyncIterable<RecordedEvent<Extra>> {
  /** The event at a place, from 0 on; a negative one counts from the end. `undefined` where there is none. */
  at(index: number): Promise<RecordedEvent<Extra> | undefined>;
  /** Those from `start` up to but not with `end`, as an array's `slice` counts. Nothing is read before the slice is. */
  slice(start?: number, end?: number): EventList<Extra>;
  /** The first `limit` of them, or all. */
  toArray(options?: { readonly limit?: number }): Promise<readonly RecordedEvent<Extra>[]>;
  count(): Promise<number>;
  /** The same as `count()`. */
  readonly length: Promise<number>;
  first(): Promise<RecordedEvent<Extra> | undefined>;
  last(): Promise<RecordedEvent<Extra> | undefined>;
}

/** The events a run consumed, oldest first; the same ones in every try, none in runs by hand or by time. */
export interface TriggeringEvents {
  of<Extra extends object>(asset: Asset<Extra, object>): EventList<Extra>;
  /** Those of the assets of a name or URI; those that came through an alias, of whatever asset. */
  of(source: AssetByReference | Alias): EventList;
  all(): EventList;
}

/**
 * Every event of an asset that was recorded before a try first read its inlets, oldest first. Each call narrows what was asked before
 * and leaves the reader it was called on as it is; the order of the calls does not matter.
 */
export interface EventReader<Extra extends object = JsonObject> extends EventList<Extra> {
  /** Only those recorded at an instant or after it. */
  after(instant: InstantInput): EventReader<Extra>;
  /** Only those recorded at an instant or before it. */
  before(instant: InstantInput): EventReader<Extra>;
  /** Only those that meet a filter over `extra`, `partition` and `source`. */
  where(filter: EventFilterInput): EventReader<Extra>;
  /** At most so many: the first ones in the reader's order, so the oldest, or the newest where it is `descending`. 0 means none. */
  limit(count: number): EventReader<Extra>;
  /** Oldest first, as it is without saying so. */
  ascending(): EventReader<Extra>;
  /** Newest first. */
  descending(): EventReader<Extra>;
}

/** What a task can read of its inlets. */
export interface Inlets {
  /**
   * The events of one inlet, whichever runs consumed them.
   * @throws TidegateError `undeclared_inlet` when the task does not have it among its `inlets`
   */
  of<Extra extends object>(asset: Asset<Extra, object>): EventReader<Extra>;
  /** What came through an alias, of whatever asset; or an inlet by its name or URI. */
  of(inlet: Alias | AssetReference): EventReader;
}

/** Which event to wait for, and how long. */
export interface WaitOptions {
  /**
   * Only events recorded at this instant or after it.
   * @defaultValue when the run was opened or asked for; the beginning of the log where a `partition` is given, so that one that is
   * there already is not waited for
   */
  readonly after?: InstantInput;
  /** Only events of this partition key. */
  readonly partition?: string;
  /** Only events that meet this filter. */
  readonly where?: EventFilterInput;
  /** Counted from the call, so anew in another try. @defaultValue as long as the task may take */
  readonly timeout?: Duration;
}

/**
 * Waits for an event of an inlet and resolves with the oldest one that is meant, at once where it was recorded before. A task that waits
 * holds its place in the worker: a DAG that has nothing else to do yet is better scheduled by the asset.
 * @throws TidegateError `wait_timed_out` when its time is over, `undeclared_inlet` when the task does not have it among its `inlets`
 */
export interface WaitFor {
  <Extra extends object>(asset: Asset<Extra, object>, options?: WaitOptions): Promise<RecordedEvent<Extra>>;
  (inlet: Alias | AssetReference, options?: WaitOptions): Promise<RecordedEvent>;
}
