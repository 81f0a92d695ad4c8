import type { CallbackCause } from '../core/callback.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Alias } from './alias.ts';
import type { AssetByReference } from './asset-ref.ts';
import type { Asset } from './asset.ts';
import type { Load } from './load.ts';
import type { Inlets, TriggeringEvents, WaitFor } from './recorded-events.ts';

/** What started a run. */
export type RunTrigger = 'asset' | 'manual' | 'scheduled';

/** The run a task belongs to. Instants are epoch milliseconds. */
export interface RunInfo {
  readonly trigger: RunTrigger;
  /** 1, or more where a run was run again. */
  readonly attempt: number;
  /** Nominal time of a scheduled run, or the one asked for by hand; `null` for runs that events started. */
  readonly logicalAt: number | null;
  readonly dataIntervalStartAt: number | null;
  readonly dataIntervalEndAt: number | null;
  /** Partition key it is of; `null` where runs are not by partition. */
  readonly partitionKey: string | null;
  /**
   * Nominal times of the ticks that the run is for, in order: one of a run by time, all that were missed where it waited for assets. Of
   * more than 10,000 the first; the data interval is of all.
   */
  readonly ticks: readonly number[];
  /** Names of what was missing, of a run that a deadline started; empty of all others. */
  readonly missing: readonly string[];
  /** What was given to the run, as it was given. */
  readonly conf: JsonObject;
}

/** What a producer says about one update. */
export interface EmitOptions<Input extends object> {
  readonly extra?: Input;
  /** Which cut of the asset was updated; `null` is none. @defaultValue the partition of the run, where runs are by partition */
  readonly partition?: string | null;
}

/** `extra` may be left out only where the asset's schema does not ask for anything. */
export type EmitArguments<Input extends object> =
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- asks whether {} would do
  Record<never, never> extends Input
    ? [event?: EmitOptions<Input>]
    : [event: EmitOptions<Input> & { readonly extra: Input }];

/**
 * Says that an outlet was updated. Recorded once the task succeeds, and only then. An outlet that is not emitted is recorded
 * once, with the defaults of its `eventExtra`; where that asks for more than defaults, the task fails.
 */
export interface Emit {
  <Input extends object>(asset: Asset<object, Input>, ...event: EmitArguments<Input>): void;
  /** The outlet that is the active asset of that name or URI. */
  (reference: AssetByReference, event?: EmitOptions<object>): void;
  /**
   * Says that an asset was updated, through aliases that are outlets of the task. The same update through several of them is one event,
   * with another extra or partition it is another. An asset that nobody declared is registered.
   * @throws TidegateError `undeclared_outlet`, or `invalid_definition` when the asset's name or URI belongs to another active one
   */
  via<Input extends object>(
    this: void,
    through: Alias | readonly Alias[],
    asset: Asset<object, Input>,
    ...event: EmitArguments<Input>
  ): void;
}

/**
 * Says that an outlet was updated, and records it at once: others see progress before the task ends. The event stays whatever becomes of
 * the task, and another try that comes here records another one. An outlet that was emitted in this way is not recorded once more
 * when the task succeeds. Resolves when it is recorded.
 */
export interface EmitNow {
  <Input extends object>(asset: Asset<object, Input>, ...event: EmitArguments<Input>): Promise<void>;
  (reference: AssetByReference, event?: EmitOptions<object>): Promise<void>;
}

/** Writes to the task's log, which people read per task and try. */
export interface TaskLog {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/**
 * Says how far a task is: from 0 to 1, and in words, of which the first 200 characters are shown. People see it while the task runs, a second
 * later at most.
 * @throws TidegateError `invalid_input` when it is not 0 to 1
 */
export type Progress = (fraction: number, note?: string) => void;

/**
 * Leaves details, JSON of at most 64 KiB, for the next try of the task to go on from. They are written a second later at most; a worker that is
 * killed loses no more than that.
 * @throws TidegateError `extra_too_large` or `invalid_input` when they cannot be stored
 */
export type Heartbeat = (details: Json) => void;

/** A run that a task started. */
export interface TriggeredRun {
  readonly dagId: string;
  readonly runId: string;
  /** How it is now. */
  readonly state: 'queued' | 'running' | 'success' | 'failed';
  /** Why it failed. */
  readonly reason: string | null;
  /** Whether this call started it. */
  readonly isNew: boolean;
}

/**
 * Starts a run of a DAG, by hand as it were, and says how it is. Told again by another try of the task it is the same run; the n-th call of
 * a try starts the same run as the n-th call of the try before.
 * @throws TidegateError `unknown_dag` when no such DAG is deployed, `invalid_input` when `conf` cannot be stored
 */
export type TriggerRun = (dagId: string, conf?: JsonObject) => Promise<TriggeredRun>;

/** What the function of a mapped task receives beside: its item, and which one that is. */
export interface MappedContext<
  Item,
  Params extends object = JsonObject,
  Needs extends object = object,
  Services extends object = object,
> extends TaskContext<Params, Needs, Services> {
  readonly item: Item;
  /** Position of the item in its list, from 0. */
  readonly mapIndex: number;
}

/** What the function of a callback receives beside: what happened to its run. */
export interface CallbackContext<
  Cause extends CallbackCause = CallbackCause,
  Params extends object = JsonObject,
  Services extends object = object,
> extends TaskContext<Params, object, Services> {
  readonly cause: Cause;
}

/** What a task's function receives. */
export interface TaskContext<
  Params extends object = JsonObject,
  Needs extends object = object,
  Services extends object = object,
> {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly taskId: TaskId;
  /** 1 for the first try. */
  readonly try: number;
  readonly run: RunInfo;
  /** Tags of the DAG. */
  readonly tags: readonly string[];
  /** The run's conf, checked by the DAG's `params` schema, with its defaults. */
  readonly params: Params;
  /** What the tasks named in `needs` returned. */
  readonly needs: Needs;
  /** Services of the resources that the task and its DAG name. */
  readonly resources: Services;
  readonly events: TriggeringEvents;
  readonly inlets: Inlets;
  readonly waitFor: WaitFor;
  readonly load: Load;
  readonly triggerRun: TriggerRun;
  readonly emit: Emit;
  readonly emitNow: EmitNow;
  readonly log: TaskLog;
  readonly progress: Progress;
  readonly heartbeat: Heartbeat;
  /** What the try before left by `heartbeat`; `null` in the first, and where it left nothing. */
  readonly heartbeatDetails: Json | null;
  /** Aborted when the run is cancelled or the try is out of time. */
  readonly signal: AbortSignal;
  /** Ends the task as skipped. */
  readonly skip: (reason: string) => never;
}
