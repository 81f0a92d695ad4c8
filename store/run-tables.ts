import type { ColumnType, Generated, Selectable } from 'kysely';
import type { TaskWish } from '../core/task-wish.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Instant, JsonColumn, OptionalInstant, OptionalJson } from './columns.ts';

export type EndedRunState = 'success' | 'failed';
export type RunState = 'queued' | 'running' | EndedRunState;
export type RunTrigger = 'asset' | 'manual' | 'scheduled';

export interface RunTable {
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly number: Generated<number>;
  readonly attempt: Generated<number>;
  readonly state: RunState;
  readonly trigger: RunTrigger;
  readonly version: ColumnType<number | null, number | null | undefined, number>;
  readonly conf: ColumnType<JsonObject, string | undefined, string>;
  readonly note: ColumnType<string | null, string | null | undefined, string | null>;
  readonly reason: ColumnType<string | null, string | null | undefined, string | null>;
  readonly logical_at: OptionalInstant;
  readonly data_interval_start_at: OptionalInstant;
  readonly data_interval_end_at: OptionalInstant;
  readonly partition_key: ColumnType<string | null, string | null | undefined, string | null>;
  readonly queued_at: Instant;
  readonly admitted_at: OptionalInstant;
  /** When a sweep last found that the run, which has begun no task yet, has a workflow. */
  readonly workflow_seen_at: OptionalInstant;
  /** Set once its consumer knows that it waits for assets, so that no sweep tells it. */
  readonly is_owed: Generated<boolean>;
  readonly started_at: OptionalInstant;
  readonly ended_at: OptionalInstant;
  readonly is_close_reported: Generated<boolean>;
  /** State, and the reason for it, that somebody gave an open run by hand: it gets both once its tasks have stopped. */
  readonly wanted_state: ColumnType<EndedRunState | null, never, EndedRunState | null>;
  readonly wanted_reason: ColumnType<string | null, never, string | null>;
  /** Whether the lines of its log were deleted before it. */
  readonly are_logs_pruned: Generated<boolean>;
  /** Requests that became part of it while it waited. */
  readonly folded: Generated<number>;
  /** The key of which only one run goes on at a time; `null` where that is not asked for. */
  readonly flight_key: ColumnType<string | null, string | null | undefined, string | null>;
}

/** Why a run runs again. */
export type AttemptReason = 'clear' | 'retry' | 're-run';

/** An attempt of a run behind the first: who asked for it, and how the one before it ended. */
export interface RunAttemptTable {
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  readonly asked_at: Instant;
  readonly who: string;
  readonly why: AttemptReason;
  readonly wish: JsonColumn<TaskWish>;
  /** Those that run again. */
  readonly tasks: JsonColumn<readonly TaskId[]>;
  readonly last_state: EndedRunState;
  readonly last_reason: string | null;
  readonly last_admitted_at: Date | null;
  readonly last_started_at: Date | null;
  readonly last_ended_at: Date | null;
  /** Whether the consumer was told of the end of the one before. */
  readonly is_last_reported: boolean;
}

export type MarkedState = 'success' | 'failed' | 'skipped';

/** What somebody said by hand of how a run, or a task of it, ended. */
export interface MarkTable {
  readonly id: Generated<number>;
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  /** `null` where it is about the run. */
  readonly task_id: TaskId | null;
  /** Which instance of a mapped task it is about; `null` where it is about the task as a whole. */
  readonly map_index: ColumnType<number | null, number | null | undefined, number | null>;
  readonly at: Instant;
  readonly who: string;
  /** State before; `null` of a task that was never come to. */
  readonly was: string | null;
  readonly was_reason: string | null;
  readonly became: MarkedState;
  readonly note: string | null;
  /** Whether the workflow of the run, which went on, has yet to be told. */
  readonly is_untold: Generated<boolean>;
}

/** A request that became part of a run that waited. */
export interface RunFoldTable {
  readonly dag_id: DagId;
  /** What the run would have been called that it asked for. */
  readonly request_id: RunId;
  readonly run_id: RunId;
  readonly at: Instant;
}

/** A tick of a schedule, and the run it is part of. */
export interface RunTickTable {
  readonly dag_id: DagId;
  readonly nominal_at: Date;
  readonly run_id: RunId;
}

/** States of a task that has not ended. */
export const openTaskStates = ['running', 'up_for_retry', 'up_for_reschedule'] as const;
export type TaskState =
  | (typeof openTaskStates)[number]
  | 'success'
  | 'failed'
  | 'skipped'
  | 'upstream_failed';

export interface TaskRunTable {
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  readonly task_id: TaskId;
  /** Which instance of a mapped task; -1 of a task that is not mapped. */
  readonly map_index: Generated<number>;
  readonly state: TaskState;
  readonly try: Generated<number>;
  readonly failures: Generated<number>;
  /** Tries found still running after their time-out: their worker was lost, or stuck. */
  readonly silent_tries: Generated<number>;
  readonly started_at: OptionalInstant;
  readonly try_started_at: OptionalInstant;
  readonly ended_at: OptionalInstant;
  readonly result: OptionalJson<Json>;
  readonly error: ColumnType<string | null, string | null | undefined, string | null>;
  readonly worker: ColumnType<string | null, string | null | undefined, string | null>;
  /** How far the latest try is, from 0 to 1, and in its author's words; `null` where it says nothing. */
  readonly progress: ColumnType<number | null, number | null | undefined, number | null>;
  readonly progress_note: ColumnType<string | null, string | null | undefined, string | null>;
  /** What the next try may go on from. */
  readonly heartbeat_details: OptionalJson<Json>;
  /** The attempt in which it ran, of a task that did not run again; `null` where that is its own. */
  readonly ran_in: ColumnType<number | null, number | null | undefined, number | null>;
  /** Whether somebody gave it its state by hand. */
  readonly is_marked: Generated<boolean>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface TaskLogTable {
  readonly id: Generated<number>;
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  readonly task_id: TaskId;
  readonly map_index: Generated<number>;
  readonly try: number;
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: JsonColumn<JsonObject>;
}

export type RunRow = Selectable<RunTable>;
export type RunAttemptRow = Selectable<RunAttemptTable>;
export type MarkRow = Selectable<MarkTable>;
export type TaskRunRow = Selectable<TaskRunTable>;
