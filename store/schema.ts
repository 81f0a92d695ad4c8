import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { AssetUri } from '../core/asset-uri.ts';
import type { DeadlineOutcome } from '../core/deadline.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate } from '../core/gate.ts';
import type { TaskWish } from '../core/clearing-tasks.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { RetentionPlan } from '../core/retention.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { StepDeed, StepInput } from '../core/steps.ts';

/** Written as a `Date` or left to the database, read as a `Date`. */
type Instant = ColumnType<Date, Date | undefined, Date>;
type OptionalInstant = ColumnType<Date | null, Date | null | undefined, Date | null>;
type OptionalNumber = ColumnType<number | null, number | null | undefined, number | null>;
/** Written as JSON text, read parsed. */
type JsonColumn<T> = ColumnType<T, string, string>;
type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;

export interface LogTable {
  readonly only_one: Generated<boolean>;
  readonly id: Generated<string>;
  readonly head: Generated<number>;
  readonly at: Instant;
}

export interface AssetTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly uri: AssetUri;
  readonly group_name: string;
  readonly description: string;
  readonly tags: JsonColumn<readonly string[]>;
  readonly owners: JsonColumn<readonly string[]>;
  readonly extra: JsonColumn<JsonObject>;
  readonly event_schema: OptionalJson<JsonObject>;
  readonly is_active: Generated<boolean>;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

export interface AssetEventTable {
  readonly seq: number;
  readonly batch_end: number;
  readonly asset_id: number;
  readonly recorded_at: Date;
  readonly extra: JsonColumn<JsonObject>;
  readonly partition_key: string | null;
  readonly source_dag_id: DagId | null;
  readonly source_run_id: RunId | null;
  readonly source_task_id: TaskId | null;
  readonly source_map_index: Generated<number>;
}

export type PassageKind = 'alias' | 'template';

/** What updates come through: an alias, or a templated asset. */
export interface AssetAliasTable {
  readonly id: Generated<number>;
  readonly kind: PassageKind;
  readonly name: string;
  /** Of a templated asset. */
  readonly uri: ColumnType<string | null, string | null | undefined, string | null>;
  readonly group_name: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}

/** An asset that was updated through an alias. */
export interface AssetAliasAssetTable {
  readonly alias_id: number;
  readonly asset_id: number;
  readonly created_at: Instant;
}

/** An event that came through an alias. */
export interface AssetEventAliasTable {
  readonly alias_id: number;
  readonly seq: number;
}

export interface IdempotencyKeyTable {
  readonly key: string;
  readonly request_hash: string;
  readonly seq: number;
  readonly created_at: Instant;
}

export interface DagTable {
  readonly dag_id: DagId;
  readonly version: number;
  /** Version that Temporal's schedule and consumer were last brought in line with. */
  readonly synced_version: Generated<number>;
  /** Whether what it is about depends on which assets there are. */
  readonly is_open: Generated<boolean>;
  readonly file: string;
  readonly retired_at: OptionalInstant;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  /** Up to when times of its schedule that passed without a run were made up for; `null` before the first look. */
  readonly times_settled_at: OptionalInstant;
  /** The next time of its schedule, as Temporal said it last; `null` where there is none. */
  readonly next_time_at: OptionalInstant;
}

export interface DagVersionTable {
  readonly dag_id: DagId;
  readonly version: number;
  readonly seq: number;
  readonly hash: string;
  readonly plan: OptionalJson<DagPlan>;
  readonly definition: JSONColumnType<Definition>;
  readonly created_at: Instant;
}

export interface DagTaskTable {
  readonly dag_id: DagId;
  readonly task_id: TaskId;
  readonly asset_id: OptionalNumber;
  readonly alias_id: OptionalNumber;
  readonly role: 'outlet' | 'inlet';
}

/** An asset that the runs of a DAG update as a whole. */
export interface DagOutletTable {
  readonly dag_id: DagId;
  readonly asset_id: number;
}

export interface SubscriptionTable {
  readonly id: Generated<number>;
  readonly dag_id: DagId;
  /** Updates of this asset, or those through this alias: one of both. */
  readonly asset_id: OptionalNumber;
  readonly alias_id: OptionalNumber;
  readonly version: number;
  /** Events behind this position belong to it; those up to `live_after_seq` are older than the consumer and start nothing. */
  readonly after_seq: number;
  readonly live_after_seq: number;
  readonly until_seq: OptionalNumber;
  /** Events behind this position count if they are in `accepted_event`; up to it, if they are of no partition. */
  readonly judged_after: Generated<number>;
}

export interface AcceptedEventTable {
  readonly subscription_id: number;
  /** Partition key it is accepted under; empty where runs are not by partition. */
  readonly key: string;
  readonly seq: number;
  /** Leaves that it meets, without their key. */
  readonly leaves: readonly string[];
  /** Of a roll-up: which key of the window came, and how many are waited for. */
  readonly part: string | null;
  readonly needs: OptionalNumber;
}

export interface RefusedEventTable {
  readonly subscription_id: number;
  readonly seq: number;
  readonly reason: string;
}

export interface DeployedProjectTable {
  readonly hash: string;
  readonly deployed_at: Instant;
}

export interface ImportErrorTable {
  readonly file: string;
  readonly message: string;
  readonly at: Instant;
}

/** A consumer as it was when it last took something out of its queue; its position is the gate's watermark. */
export interface Checkpoint {
  readonly version: number;
  readonly gate: Gate;
}

export interface ConsumerTable {
  readonly dag_id: DagId;
  readonly epoch: Generated<number>;
  readonly step: Generated<number>;
  readonly sent: number;
  /** Up to where events were judged, of a consumer that looks into them. */
  readonly judged: OptionalNumber;
  /** Whether its next run lists what is older than the consumer. */
  readonly lists_history: Generated<boolean>;
  readonly checkpoint: JSONColumnType<Checkpoint>;
  readonly is_paused: Generated<boolean>;
  /** Whose pause it is, or is to be; `null` where there is none. */
  readonly paused_by: ColumnType<PausedBy | null, PausedBy | null | undefined, PausedBy | null>;
}

/** Whose pause holds a DAG: its own, or that of the whole project. */
export type PausedBy = 'dag' | 'project';

/** What holds for the whole project: one row. */
export interface ProjectTable {
  readonly only_one: Generated<boolean>;
  readonly is_paused: Generated<boolean>;
  /** When the project was last paused or resumed, and by whom. */
  readonly pause_changed_at: OptionalInstant;
  readonly pause_changed_by: ColumnType<string | null, string | null | undefined, string | null>;
  /** How long it keeps what it wrote down; `null` is for ever. */
  readonly retention: OptionalJson<RetentionPlan>;
  /** Whether Temporal's schedule is in line with that. */
  readonly is_retention_synced: Generated<boolean>;
  /** Up to which age something was deleted; `null` where nothing was. */
  readonly runs_pruned_before: OptionalInstant;
  readonly steps_pruned_before: OptionalInstant;
  readonly events_pruned_before: OptionalInstant;
  /** The newest event that was deleted, and how many were. */
  readonly events_pruned_upto: Generated<number>;
  readonly events_pruned: Generated<number>;
}

export interface ConsumerStepTable {
  readonly dag_id: DagId;
  readonly epoch: number;
  readonly step: number;
  readonly kind: StepDeed['kind'];
  /** How far it had counted. */
  readonly counted: number;
  readonly inputs: JsonColumn<readonly StepInput[]>;
  /** The rest of the deed. */
  readonly detail: JsonColumn<object>;
  readonly at: Instant;
}

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
  readonly at: Instant;
  readonly who: string;
  /** State before; `null` of a task that was never come to. */
  readonly was: string | null;
  readonly was_reason: string | null;
  readonly became: MarkedState;
  readonly note: string | null;
  /** Whether the lines of its log were deleted before it. */
  readonly are_logs_pruned: Generated<boolean>;
}

/** A tick of a schedule, and the run it is part of. */
export interface RunTickTable {
  readonly dag_id: DagId;
  readonly nominal_at: Date;
  readonly run_id: RunId;
}

/** A deadline of a DAG that came. */
export interface DeadlineTable {
  readonly dag_id: DagId;
  readonly due_at: Date;
  /** `null` until it is decided. */
  readonly outcome: ColumnType<
    DeadlineOutcome | null,
    DeadlineOutcome | null | undefined,
    DeadlineOutcome | null
  >;
  readonly run_id: RunId | null;
  /** Names of what was missing. */
  readonly missing: JsonColumn<readonly string[]>;
  /** When the consumer was told of it. */
  readonly told_at: Instant;
  readonly decided_at: OptionalInstant;
}

export type ConsumptionOutcome = 'consumed' | 'cleared' | 'dropped' | 'ignored' | 'expired';

export interface ConsumptionTable {
  readonly subscription_id: number;
  readonly key: Generated<string>;
  readonly after_seq: number;
  readonly upto_seq: number;
  readonly dag_id: DagId;
  readonly outcome: ConsumptionOutcome;
  readonly count: number;
  readonly run_id: RunId | null;
  readonly who: string | null;
  readonly version: number;
  readonly at: Instant;
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

export interface Database {
  readonly log: LogTable;
  readonly asset: AssetTable;
  readonly asset_event: AssetEventTable;
  readonly asset_alias: AssetAliasTable;
  readonly asset_alias_asset: AssetAliasAssetTable;
  readonly asset_event_alias: AssetEventAliasTable;
  readonly idempotency_key: IdempotencyKeyTable;
  readonly dag: DagTable;
  readonly dag_version: DagVersionTable;
  readonly dag_task: DagTaskTable;
  readonly dag_outlet: DagOutletTable;
  readonly subscription: SubscriptionTable;
  readonly accepted_event: AcceptedEventTable;
  readonly refused_event: RefusedEventTable;
  readonly deployed_project: DeployedProjectTable;
  readonly project: ProjectTable;
  readonly import_error: ImportErrorTable;
  readonly consumer: ConsumerTable;
  readonly consumer_step: ConsumerStepTable;
  readonly run: RunTable;
  readonly run_attempt: RunAttemptTable;
  readonly mark: MarkTable;
  readonly run_tick: RunTickTable;
  readonly deadline: DeadlineTable;
  readonly consumption: ConsumptionTable;
  readonly task_run: TaskRunTable;
  readonly task_log: TaskLogTable;
}

export type RunRow = Selectable<RunTable>;
export type RunAttemptRow = Selectable<RunAttemptTable>;
export type MarkRow = Selectable<MarkTable>;
export type TaskRunRow = Selectable<TaskRunTable>;
export type AssetRow = Selectable<AssetTable>;
export type AliasRow = Selectable<AssetAliasTable>;
export type DagRow = Selectable<DagTable>;
