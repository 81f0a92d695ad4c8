import type { z } from 'zod';
import type { CatchupInput } from '../core/catch-up.ts';
import type { OnMissing } from '../core/deadline.ts';
import type { Duration } from '../core/duration.ts';
import type { BatchInput, SettleInput } from '../core/gate-options.ts';
import type { JsonObject } from '../core/json.ts';
import type { PartitionedInput } from '../core/partitioned.ts';
import type { PoolUseInput } from '../core/pool-options.ts';
import type { QueueLimitInput } from '../core/queue-limit.ts';
import type { SingleFlightInput } from '../core/single-flight.ts';
import type { AnyAsset } from './asset.ts';
import { brand, isBranded } from './brand.ts';
import { placeOfCaller } from './place.ts';
import type { IoManager } from './io.ts';
import type { NoResources, ResourceMap } from './resource.ts';
import type { ScheduleInput } from './schedule.ts';
import { collectTasks } from './collect-tasks.ts';
import type { DagBuilder } from './dag-builder.ts';
import type { TaskDefaults, TaskDefinition } from './task.ts';

/** Times by which a DAG has to have run, and what happens when it has not. */
export interface DeadlineInput {
  /** Five fields, as in `cron`. */
  readonly cron: string;
  /** IANA name. @defaultValue `'UTC'` */
  readonly timezone?: string;
  readonly onMissing: OnMissing;
}

/** When a DAG runs, and what holds for all of its runs. */
export interface DagOptions<
  Schema extends z.ZodObject | undefined = z.ZodObject | undefined,
  Shared extends ResourceMap = ResourceMap,
  Io extends IoManager | undefined = undefined,
> {
  /** Assets to wait for, a time, or either of both; none or `null` is by hand only. */
  readonly schedule?: ScheduleInput;
  /** No tick before it; a date (`'2024-01-01'`, UTC) or an instant with its offset. */
  readonly startDate?: string | Date;
  /** No tick behind it; written as `startDate`. @defaultValue none */
  readonly endDate?: string | Date;
  /**
   * Which times of the schedule still get their run when they passed without one, because the DAG was paused, was deployed only after its
   * `startDate`, or Temporal was away for longer than ten minutes: none, the last, or the last `max`, 1 to 1,000.
   * @defaultValue `'none'`
   */
  readonly catchup?: CatchupInput;
  readonly tags?: readonly string[];
  readonly description?: string;
  /** Most runs at a time, 1 to 1,000. @defaultValue 16 */
  readonly maxActiveRuns?: number;
  /**
   * How many runs by hand and by time may wait for a slot, 1 to 100,000, and what becomes of the next one: it is refused (`'reject'`, also where this is a
   * number), the oldest that waits fails to make room for it (`'drop_oldest'`), or it becomes part of the newest that waits, which gets its conf
   * (`'fold'`). Events that wait are not runs, and always queue.
   * @defaultValue no limit
   */
  readonly maxQueuedRuns?: QueueLimitInput;
  /**
   * At most one run of a key goes on at a time; `key` is a template, such as `'{{ params.customer }}'`, without one it is one key for the whole DAG. While one does,
   * `'skip'` refuses another one that is asked for, `'queue'` lets one wait, which stands for all that come meanwhile, and `'cancel_running'` cancels the
   * one that goes on. Events are never lost: they queue until the run has ended, or, with `'cancel_running'`, is cancelled for them.
   * @defaultValue as many as `maxActiveRuns` allows
   */
  readonly singleFlight?: SingleFlightInput;
  /** Most tasks of one run that are under way at a time, 1 to 500. @defaultValue 500 */
  readonly maxActiveTasks?: number;
  /**
   * What each run holds of a pool of `tidegate.config.ts` as a whole, from before its first task to its end. Time it waits for that is no part of
   * `runTimeout`. @defaultValue nothing
   */
  readonly pool?: PoolUseInput;
  /** Longest a run may take from its start; then its tasks are told to stop, and it fails. @defaultValue no limit */
  readonly runTimeout?: Duration;
  /**
   * What becomes of events that come while the DAG is paused. What was queued before stays queued. An edit of this holds from the
   * next pause on.
   * @defaultValue `'keep'`: they queue, and the first run behind the pause consumes them
   */
  readonly whilePaused?: 'keep' | 'ignore';
  /**
   * Which older events the first run of a new DAG lists, beside those that start it: none (`'now'`), all (`'earliest'`), or those from
   * an instant on, written as in `startDate`. They start nothing by themselves.
   * @defaultValue `'now'`
   */
  readonly startFrom?: string | Date;
  /**
   * Assets that a run updates as a whole: each gets one event when the run succeeds, beside those of its tasks, unless every task was
   * skipped. The extra is the defaults of the asset's `eventExtra`.
   */
  readonly outlets?: readonly AnyAsset[];
  /**
   * How long after each other the parts of the condition may be met, such as `'1h'`: an update counts no longer than this.
   * @defaultValue for ever
   */
  readonly within?: Duration;
  /**
   * How long a run waits for more once its condition is met: until nothing came for `quiet`, but no longer than `max`. It consumes all
   * that came.
   * @defaultValue not at all
   */
  readonly settle?: SettleInput;
  /**
   * Times by which a run by events has to have begun since the time before. If none has, and something is missing: `'run'` starts one with
   * what is there, which lists what is missing as `run.missing`; `'skip'` lets what is queued expire; `'alert'` only records it.
   * @defaultValue none
   */
  readonly deadline?: DeadlineInput;
  /**
   * How many of the queued events a run takes: all, as few of the oldest as its condition needs (`'each'`), or as many as that but at least
   * `max`, 1 to 10,000, where they are there. What is left starts the next run. @defaultValue `'all'`
   */
  readonly batch?: BatchInput;
  /**
   * Runs by partition: the condition is met, and runs are started, by events of one key, and events without a key start nothing. `true` is by the keys
   * of the events; else by mappers, those of `assets` by the name of the asset. @defaultValue false
   */
  readonly partitioned?: PartitionedInput;
  /** With `'any'` events of partitions count like others. @defaultValue `'none'`: they start nothing */
  readonly partitions?: 'none' | 'any';
  /** Checks and types the conf of a run. */
  readonly params?: Schema;
  /** Services that all of its tasks are given, by what they call them. */
  readonly resources?: Shared;
  /** Where results of its tasks are kept, of those that say nothing else. @defaultValue Postgres */
  readonly io?: Io | undefined;
  /** Task queue of tasks that name none. */
  readonly taskQueue?: string;
  readonly defaults?: TaskDefaults;
}

/** Options of any DAG. */
export type AnyDagOptions = DagOptions<z.ZodObject | undefined, ResourceMap, IoManager | undefined>;

/** A DAG as its author wrote it. */
export interface DagDefinition {
  readonly [brand]: 'dag';
  readonly id: string;
  readonly options: AnyDagOptions;
  readonly tasks: readonly TaskDefinition[];
  /** Where it was written. */
  readonly place: string;
}

/**
 * Defines a DAG: `build` adds its tasks, and runs none of them.
 * @example
 * ```ts
 * import { asset, cron, dag } from 'tidegate';
 * import { z } from 'zod';
 *
 * const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
 *
 * export const producer = dag('producer', { schedule: cron('@hourly') }, (d) => {
 *   const extract = d.task('extract', async () => [{ id: 1, amount: 9.5 }]);
 *   d.task('load', { needs: { rows: extract }, outlets: [orders], retries: 3 }, async ({ needs, emit }) => {
 *     emit(orders, { extra: { rows: needs.rows.length } });
 *   });
 * });
 *
 * export const consumer = dag('consumer', { schedule: orders }, (d) => {
 *   d.task('report', async ({ events, log }) => {
 *     for await (const event of events.of(orders)) log.info('orders arrived', { rows: event.extra.rows });
 *   });
 * });
 * ```
 */
export function dag<
  const Shared extends ResourceMap = NoResources,
  Io extends IoManager | undefined = undefined,
>(
  id: string,
  options: DagOptions<undefined, Shared, Io>,
  build: (d: DagBuilder<JsonObject, Shared, Io>) => void,
): DagDefinition;
export function dag<
  Schema extends z.ZodObject,
  const Shared extends ResourceMap = NoResources,
  Io extends IoManager | undefined = undefined,
>(
  id: string,
  options: DagOptions<Schema, Shared, Io>,
  build: (d: DagBuilder<z.output<Schema>, Shared, Io>) => void,
): DagDefinition;
export function dag(
  id: string,
  options: AnyDagOptions,
  build: (d: DagBuilder<JsonObject>) => void,
): DagDefinition {
  const place = placeOfCaller();
  const tasks = collectTasks({ id, options }, build);
  return { [brand]: 'dag', id, options, tasks, place };
}

/** Whether a value is a DAG that {@link dag} made. */
export function isDag(value: unknown): value is DagDefinition {
  return isBranded(value, 'dag');
}

/** The DAG that a value is, or that `defineAsset` made with it; `undefined` for anything else. */
export function dagOf(value: unknown): DagDefinition | undefined {
  if (isDag(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  // Not by its name: a getter is an author's code, which runs when the author wants.
  const made: unknown = Object.getOwnPropertyDescriptor(value, 'dag')?.value;
  return isDag(made) ? made : undefined;
}
