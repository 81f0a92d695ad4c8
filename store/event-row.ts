import { type RawBuilder, sql } from 'kysely';
import type { AssetEvent, Seq } from '../core/asset-event.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { Db } from './database.ts';
import { type RecordedFacts, sourceOf } from './facts.ts';

/** An event as it is stored, with its asset's name and URI. */
export interface EventRow extends RecordedFacts {
  readonly seq: Seq;
  readonly asset_id: number;
  readonly name: string;
  readonly uri: AssetUri;
  readonly recorded_at: Date;
  readonly source_map_index: number;
}

interface SourcedRow extends EventRow {
  readonly has_source_run: boolean;
  readonly logical_at: Date | null;
  readonly data_interval_start_at: Date | null;
  readonly data_interval_end_at: Date | null;
}

/** Part of a list of events that is read at once. */
export interface EventPage {
  readonly newestFirst?: boolean;
  /** Position of the last event of the page before; the page goes on behind it. */
  readonly beyond?: Seq | undefined;
  /** Events to leave out at the beginning. */
  readonly skip?: number;
  readonly limit: number;
}

/** Columns of an event `e` of an asset `a`. */
export const eventColumns = sql`e.seq, e.asset_id, a.name, a.uri, e.recorded_at, e.extra, e.partition_key,
  e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index`;

/** The events that a query with {@link eventColumns} finds, each with the run it came from, in order. */
export async function readEvents(
  db: Db,
  found: RawBuilder<unknown>,
  { newestFirst = false }: Pick<EventPage, 'newestFirst'>,
): Promise<readonly AssetEvent[]> {
  // By itself for each event: Postgres would rather go through all runs than look up those of a page.
  const { rows } = await sql<SourcedRow>`
    select e.*, r.run_id is not null as has_source_run, r.logical_at, r.data_interval_start_at, r.data_interval_end_at
    from (${found}) e left join lateral (
      select * from run where run.dag_id = e.source_dag_id and run.run_id = e.source_run_id limit 1
    ) r on true
    order by e.seq ${sql.raw(newestFirst ? 'desc' : 'asc')}`.execute(db);
  return rows.map(eventFromRow);
}

function eventFromRow(row: SourcedRow): AssetEvent {
  return {
    seq: row.seq,
    assetId: row.asset_id,
    asset: { name: row.name, uri: row.uri },
    recordedAt: row.recorded_at.getTime(),
    extra: row.extra,
    partitionKey: row.partition_key ?? undefined,
    source: sourceOf(row),
    sourceRun: row.has_source_run
      ? {
          logicalAt: row.logical_at?.getTime() ?? null,
          dataIntervalStartAt: row.data_interval_start_at?.getTime() ?? null,
          dataIntervalEndAt: row.data_interval_end_at?.getTime() ?? null,
        }
      : undefined,
  };
}
