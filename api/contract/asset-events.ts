import { z } from 'zod';
import { maxBatchEvents, maxPartitionKeyLength } from '../../core/asset-event.ts';
import { maxUriLength } from '../../core/uri-spelling.ts';
import { DagRunState } from './dag-runs.ts';
import { limitParameter, offsetParameter, orderBy, totalEntries } from './page.ts';
import { IdInput, Instant, InstantInput, JsonObject, MapIndex, QueryText, storableText } from './scalars.ts';

/** A run that consumed an event. */
export const CreatedDagRun = z
  .object({
    run_id: z.string(),
    dag_id: z.string(),
    logical_date: Instant.nullable(),
    /** When it was queued, until its first task starts. */
    start_date: Instant,
    end_date: Instant.nullable(),
    state: DagRunState,
    data_interval_start: Instant.nullable(),
    data_interval_end: Instant.nullable(),
    partition_key: z.string().nullable(),
    /** Whether this event, the newest it consumed, started it. */
    triggering: z.boolean(),
  })
  .meta({ id: 'CreatedDagRun' });
export type CreatedDagRun = z.infer<typeof CreatedDagRun>;

/** One successful update of an asset. */
export const AssetEvent = z
  .object({
    /** Its position in the log: later events have larger ids. */
    id: z.int(),
    asset_id: z.int(),
    uri: z.string(),
    name: z.string(),
    group: z.string(),
    /** As the schema of the asset made it. An event that came over HTTP has `from_rest_api: true` beside that, as in Airflow. */
    extra: JsonObject,
    source_task_id: z.string().nullable(),
    source_dag_id: z.string().nullable(),
    source_run_id: z.string().nullable(),
    /** Which instance of a mapped task; -1 of any other. */
    source_map_index: z.int(),
    /** Runs that consumed it; empty right after it was recorded. */
    created_dagruns: z.array(CreatedDagRun),
    timestamp: Instant,
    partition_key: z.string().nullable(),
  })
  .meta({ id: 'AssetEvent' });
export type AssetEvent = z.infer<typeof AssetEvent>;

/** A page of asset events. */
export const AssetEventCollection = z
  .object({ asset_events: z.array(AssetEvent), total_entries: totalEntries })
  .meta({
    id: 'AssetEventCollection',
  });
export type AssetEventCollection = z.infer<typeof AssetEventCollection>;

/** Query of `GET /api/v2/assets/events`. */
export const AssetEventQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(
    ['timestamp', 'id', 'source_task_id', 'source_dag_id', 'source_run_id', 'source_map_index'],
    'timestamp',
  ),
  asset_id: IdInput.optional(),
  source_dag_id: QueryText.optional(),
  source_task_id: QueryText.optional(),
  source_run_id: QueryText.optional(),
  source_map_index: MapIndex.optional().meta({ type: 'integer' }),
  name_pattern: QueryText.optional(),
  name_prefix_pattern: QueryText.optional(),
  timestamp_gte: InstantInput.optional(),
  timestamp_gt: InstantInput.optional(),
  timestamp_lte: InstantInput.optional(),
  timestamp_lt: InstantInput.optional(),
});

const describedEvent = {
  asset_id: z.int32().positive().optional(),
  uri: z.string().max(maxUriLength).optional(),
  name: storableText(maxUriLength).optional(),
  extra: JsonObject.default({}),
  partition_key: storableText(maxPartitionKeyLength).regex(/\S/, 'it is blank').nullish(),
};
const exactlyOneAsset = 'exactly one of asset_id, uri and name is expected';
const idempotencyKey = storableText(255).min(1).optional();

/** An event of a bulk request. */
export const BulkAssetEvent = z
  .strictObject(describedEvent)
  .refine(namesOneAsset, exactlyOneAsset)
  .meta({ id: 'BulkAssetEvent' });
export type BulkAssetEvent = z.input<typeof BulkAssetEvent>;

/** Body of `POST /api/v2/assets/events`. Unknown keys are refused, so a typo is never a silent no-op. */
export const CreateAssetEvent = z
  .strictObject({
    ...describedEvent,
    /** A second request with the same key, within its retention of 7 days or as configured, is answered with the first one's event; with another body it is refused. */
    idempotency_key: idempotencyKey,
  })
  .refine(namesOneAsset, exactlyOneAsset)
  .meta({ id: 'CreateAssetEvent' });
export type CreateAssetEvent = z.input<typeof CreateAssetEvent>;

/** Body of `POST /api/v2/assets/events/bulk`: recorded together, as one batch, or not at all. */
export const CreateAssetEvents = z
  .strictObject({
    events: z.array(BulkAssetEvent).min(1).max(maxBatchEvents),
    idempotency_key: idempotencyKey,
  })
  .meta({ id: 'CreateAssetEvents' });
export type CreateAssetEvents = z.input<typeof CreateAssetEvents>;

/** Answer of `POST /api/v2/assets/events/bulk`: the ids are all those between the first and the last. */
export const CreatedAssetEvents = z
  .object({ first_id: z.int(), last_id: z.int(), count: z.int(), timestamp: Instant })
  .meta({ id: 'CreatedAssetEvents' });
export type CreatedAssetEvents = z.infer<typeof CreatedAssetEvents>;

function namesOneAsset({
  asset_id,
  uri,
  name,
}: {
  readonly asset_id?: number | undefined;
  readonly uri?: string | undefined;
  readonly name?: string | undefined;
}): boolean {
  return Number(asset_id !== undefined) + Number(uri !== undefined) + Number(name !== undefined) === 1;
}
