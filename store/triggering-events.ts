import { sql } from 'kysely';
import type { AssetEvent, EventSource, Seq } from '../core/asset-event.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './database.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';

/** A run and the events it consumed. */
interface ConsumingRun {
  readonly dagId: DagId;
  readonly runId: RunId;
  /** Only those of this asset. */
  readonly asset?: { readonly name: string; readonly uri: string };
}

/** Which of a run's consumed events to read. */
export interface ConsumedQuery extends ConsumingRun {
  readonly after?: Seq;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/** An event as it is stored, with its asset's name and URI. */
export interface EventRow {
  readonly seq: Seq;
  readonly asset_id: number;
  readonly name: string;
  readonly uri: AssetUri;
  readonly recorded_at: Date;
  readonly extra: JsonObject;
  readonly partition_key: string | null;
  readonly source_dag_id: DagId | null;
  readonly source_run_id: RunId | null;
  readonly source_task_id: TaskId | null;
}

/** Events a run consumed, oldest first unless asked otherwise. */
export async function readConsumed(db: Db, query: ConsumedQuery): Promise<readonly AssetEvent[]> {
  const { rows } = await sql<EventRow>`
    select e.seq, e.asset_id, a.name, a.uri, e.recorded_at, e.extra, e.partition_key,
      e.source_dag_id, e.source_run_id, e.source_task_id
    from ${consumedBy(query)} limit ${query.limit}`.execute(db);
  return rows.map(eventFromRow);
}

/** How many events a run consumed: all of them, or those of an asset. */
export async function countConsumed(db: Db, run: ConsumingRun): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(sum(c.count), 0)::bigint as count from ${consumptionOf(run)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Tables `e` and `a` of events a run consumed, in order: at least the first `limit` of them, at most so many of each asset. */
export function consumedBy({ after = 0, newestFirst = false, limit, ...run }: ConsumedQuery) {
  return sql`
    (
      select s.asset_id, c.after_seq, c.upto_seq from ${consumptionOf(run)}
    ) c join asset a on a.id = c.asset_id cross join lateral (
      select e.* from asset_event e
      where ${isOfAsset(sql`c.asset_id`, { after: sql`greatest(c.after_seq, ${after}::bigint)`, upTo: sql`c.upto_seq` })}
      ${inLogOrder({ newestFirst })} limit ${limit}
    ) e
    order by e.seq ${sql.raw(newestFirst ? 'desc' : 'asc')}`;
}

function consumptionOf({ dagId, runId, asset }: ConsumingRun) {
  return sql`
    consumption c join subscription s on s.id = c.subscription_id join asset a on a.id = s.asset_id
    where c.dag_id = ${dagId} and c.run_id = ${runId} and c.outcome = 'consumed'
      and (${asset?.name ?? null}::text is null or (a.name = ${asset?.name ?? null} and a.uri = ${asset?.uri ?? null}))`;
}

export function eventFromRow(row: EventRow): AssetEvent {
  return {
    seq: row.seq,
    assetId: row.asset_id,
    asset: { name: row.name, uri: row.uri },
    recordedAt: row.recorded_at.getTime(),
    extra: row.extra,
    partitionKey: row.partition_key ?? undefined,
    source: sourceFromRow(row),
  };
}

function sourceFromRow({ source_dag_id, source_run_id, source_task_id }: EventRow): EventSource {
  return source_dag_id === null || source_run_id === null || source_task_id === null
    ? { kind: 'api' }
    : { kind: 'task', dagId: source_dag_id, runId: source_run_id, taskId: source_task_id };
}
