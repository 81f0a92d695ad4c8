import { z } from 'zod';
import { DagVersion } from './dags.ts';
import {
  limitParameter,
  limitWithDefault,
  maxPageLimit,
  offsetParameter,
  orderBy,
  totalEntries,
} from './page.ts';
import { Instant, InstantInput, JsonObject, QueryText, storableText, TextList } from './scalars.ts';

/** State of a run, in Airflow's words. */
export const DagRunState = z.enum(['queued', 'running', 'success', 'failed']);
export type DagRunState = z.infer<typeof DagRunState>;

/** Why there is a run. */
export const DagRunType = z.enum(['asset_triggered', 'manual', 'scheduled']);
export type DagRunType = z.infer<typeof DagRunType>;

/** One run of a DAG. */
export const DagRun = z
  .object({
    dag_run_id: z.string(),
    dag_id: z.string(),
    /** Always the id. */
    dag_display_name: z.string(),
    logical_date: Instant.nullable(),
    queued_at: Instant,
    /** When its first task started. */
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    /** Seconds from start to end. */
    duration: z.number().nullable(),
    data_interval_start: Instant.nullable(),
    data_interval_end: Instant.nullable(),
    run_after: Instant,
    /** Key it is of, where runs are by partition. */
    partition_key: z.string().nullable(),
    /** When it was given a slot. */
    last_scheduling_decision: Instant.nullable(),
    run_type: DagRunType,
    state: DagRunState,
    triggered_by: z.enum(['asset', 'rest_api', 'timetable']),
    triggering_user_name: z.null(),
    conf: JsonObject,
    note: z.string().nullable(),
    /** The definition it executes; empty until it has a slot. */
    dag_versions: z.array(DagVersion),
    bundle_version: z.null(),
    /** 1, and one more each time the run, or a part of it, runs again. */
    attempt: z.int(),
    /** Why it ended as it did, where more is known than its tasks tell. */
    state_reason: z.string().nullable(),
    /** What keeps it back while it waits for a pool as a whole; null in lists. */
    waits_for: z.string().nullable(),
    /** State that somebody gave it by hand while it was open, which it gets once its tasks have stopped; null elsewhere. */
    wanted_state: z.enum(['success', 'failed']).nullable(),
    consumed_event_count: z.int(),
    /** Requests that became part of it while it waited, beside its own. */
    folded_requests: z.int(),
    /** Key of which only one run goes on at a time; null where the DAG has no singleFlight, empty where it is one for the whole DAG. */
    single_flight_key: z.string().nullable(),
    /** Nominal times of the ticks it is for: several where it waited for assets, or where ticks became part of it. Of more than 10,000 the first. */
    ticks: z.array(Instant),
    /** Names of what was missing, of a run that a deadline started. */
    missing: z.array(z.string()),
    temporal_workflow_id: z.string(),
    /** Its page in Temporal's Web UI; null where the address of that is not configured. */
    temporal_ui_url: z.string().nullable(),
    /** Until when Temporal keeps that page, by the retention of its namespace; null while the run is open, or where it cannot be told. */
    temporal_history_until: Instant.nullable(),
  })
  .meta({ id: 'DagRun' });
export type DagRun = z.infer<typeof DagRun>;

/** A run that was asked for. */
export const RequestedDagRun = DagRun.extend({
  /** Whether the request became part of this run, which waited; its conf is that of the request now. */
  was_folded: z.boolean(),
}).meta({ id: 'RequestedDagRun' });
export type RequestedDagRun = z.infer<typeof RequestedDagRun>;

/** A page of runs. */
export const DagRunCollection = z
  .object({ dag_runs: z.array(DagRun), total_entries: totalEntries })
  .meta({ id: 'DagRunCollection' });
export type DagRunCollection = z.infer<typeof DagRunCollection>;

const orderFields = [
  'id',
  'dag_id',
  'dag_run_id',
  'run_id',
  'run_type',
  'state',
  'logical_date',
  'queued_at',
  'run_after',
  'start_date',
  'end_date',
  'duration',
] as const;

/** Query of `GET /api/v2/dags/{dag_id}/dagRuns`; `id` is the order runs came into being. */
export const DagRunQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(orderFields, 'id'),
  state: TextList.pipe(z.array(DagRunState))
    .optional()
    .meta({ type: 'array', items: { type: 'string', enum: DagRunState.options } }),
  run_type: TextList.pipe(z.array(DagRunType))
    .optional()
    .meta({ type: 'array', items: { type: 'string', enum: DagRunType.options } }),
  run_id_pattern: QueryText.optional(),
  /** Part of the name or URI of an asset whose events the run consumed. */
  consuming_asset_pattern: QueryText.optional(),
  run_after_gte: InstantInput.optional(),
  run_after_gt: InstantInput.optional(),
  run_after_lte: InstantInput.optional(),
  run_after_lt: InstantInput.optional(),
  logical_date_gte: InstantInput.optional(),
  logical_date_gt: InstantInput.optional(),
  logical_date_lte: InstantInput.optional(),
  logical_date_lt: InstantInput.optional(),
  start_date_gte: InstantInput.optional(),
  start_date_gt: InstantInput.optional(),
  start_date_lte: InstantInput.optional(),
  start_date_lt: InstantInput.optional(),
  end_date_gte: InstantInput.optional(),
  end_date_gt: InstantInput.optional(),
  end_date_lte: InstantInput.optional(),
  end_date_lt: InstantInput.optional(),
});

const requestedRun = {
  /** Generated when missing. `asset__`, `scheduled__` and `deadline__` belong to runs by events and by time. */
  dag_run_id: z.string().nullish(),
  logical_date: InstantInput.nullish(),
  data_interval_start: InstantInput.nullish(),
  data_interval_end: InstantInput.nullish(),
  /** Must meet the DAG's params. */
  conf: JsonObject.nullish(),
  note: storableText(1_000).nullish(),
};

/** Body of `POST /api/v2/dags/{dag_id}/dagRuns`. */
export const CreateDagRun = z
  .strictObject(requestedRun)
  .refine(hasWholeInterval, {
    path: ['data_interval_end'],
    error: 'data_interval_start and data_interval_end come together or not at all',
  })
  .meta({ id: 'CreateDagRun' });
export type CreateDagRun = z.input<typeof CreateDagRun>;

/** Body of `POST /api/v2/assets/{asset_id}/materialize`; may be left out. */
export const MaterializeAsset = z
  .strictObject(requestedRun)
  .refine(hasWholeInterval, {
    path: ['data_interval_end'],
    error: 'data_interval_start and data_interval_end come together or not at all',
  })
  .meta({ id: 'MaterializeAsset' });
export type MaterializeAsset = z.input<typeof MaterializeAsset>;

/** Query of `GET …/dagRuns/{dag_run_id}/upstreamAssetEvents`. Airflow answers whole; a run of ours may have consumed a million. */
export const UpstreamEventQuery = z.object({
  limit: limitWithDefault(maxPageLimit),
  offset: offsetParameter,
});

function hasWholeInterval(run: {
  readonly data_interval_start?: number | null | undefined;
  readonly data_interval_end?: number | null | undefined;
}): boolean {
  return (run.data_interval_start ?? null) === null
    ? (run.data_interval_end ?? null) === null
    : (run.data_interval_end ?? null) !== null;
}
