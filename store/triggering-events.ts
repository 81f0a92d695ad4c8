import { sql } from 'kysely';
import type { AssetEvent, EventSource, Seq } from '../core/asset-event.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './database.ts';

/** Which of a run's consumed events to read. */
export interface ConsumedQuery {
  readonly dagId: DagId;
  readonly runId: RunId;
  /** Only those of this asset. */
  readonly asset?: { readonly name: string; readonly uri: string };
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
  const order = sql.raw(query.newestFirst === true ? 'desc' : 'asc');
  const { rows } = await sql<EventRow>`
    select e.seq, e.asset_id, a.name, a.uri, e.recorded_at, e.extra, e.partition_key,
      e.source_dag_id, e.source_run_id, e.source_task_id
    from ${consumedBy(query)} and e.seq > ${query.after ?? 0}
    order by e.seq ${order} limit ${query.limit}`.execute(db);
  return rows.map(eventFromRow);
}

export async function countConsumed(db: Db, query: Omit<ConsumedQuery, 'limit'>): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${consumedBy(query)}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
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

function consumedBy({ dagId, runId, asset }: Omit<ConsumedQuery, 'limit'>) {
  return sql`
    consumption c join subscription s on s.id = c.subscription_id
      join asset a on a.id = s.asset_id
      join asset_event e on e.asset_id = s.asset_id and e.seq > c.after_seq and e.seq <= c.upto_seq
    where c.dag_id = ${dagId} and c.run_id = ${runId} and c.outcome = 'consumed'
      and (${asset?.name ?? null}::text is null or (a.name = ${asset?.name ?? null} and a.uri = ${asset?.uri ?? null}))`;
}
