import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { AssetUri } from '../core/asset-uri.ts';
import type { DeadlineOutcome } from '../core/deadline.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate } from '../core/gate.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { RetentionPlan } from '../core/retention.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { StepDeed, StepInput } from '../core/steps.ts';
import type { Instant, OptionalInstant, OptionalNumber, JsonColumn, OptionalJson } from './columns.ts';
import type { PoolKeyTable, PoolLeaseTable, PoolTable } from './pool-tables.ts';
import type {
  MarkTable,
  RunAttemptTable,
  RunTable,
  RunFoldTable,
  RunTickTable,
  TaskLogTable,
  TaskRunTable,
} from './run-tables.ts';

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
  readonly run_fold: RunFoldTable;
  readonly deadline: DeadlineTable;
  readonly consumption: ConsumptionTable;
  readonly task_run: TaskRunTable;
  readonly task_log: TaskLogTable;
  readonly pool: PoolTable;
  readonly pool_lease: PoolLeaseTable;
  readonly pool_key: PoolKeyTable;
}

export type AssetRow = Selectable<AssetTable>;
export type AliasRow = Selectable<AssetAliasTable>;
