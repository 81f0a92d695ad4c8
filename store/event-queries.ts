import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { eventColumns, type EventRow } from './event-row.ts';
import { isOfAsset } from './events-of-asset.ts';
import {
  allOf,
  contains,
  countFrom,
  given,
  type InstantRange,
  type OrderedPage,
  type Page,
  pageOf,
  startsWith,
  within,
} from './page.ts';
import type { RunState } from './run-tables.ts';
import { consumedBy } from './triggering-events.ts';

/** A run that consumed an event; times are ISO 8601 as JSON has them. */
export interface ConsumingRun {
  readonly run_id: RunId;
  readonly dag_id: DagId;
  readonly state: RunState;
  readonly logical_at: string | null;
  readonly queued_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly data_interval_start_at: string | null;
  readonly data_interval_end_at: string | null;
}

/** An event with its asset and the runs that consumed it. */
export interface EventRecord extends EventRow {
  readonly group_name: string;
  readonly runs: readonly ConsumingRun[];
}

export interface EventFilter {
  readonly assetId?: number | undefined;
  readonly sourceDagId?: string | undefined;
  readonly sourceRunId?: string | undefined;
  readonly sourceTaskId?: string | undefined;
  readonly sourceMapIndex?: number | undefined;
  readonly namePattern?: string | undefined;
  readonly namePrefix?: string | undefined;
  readonly recordedAt?: InstantRange;
}

// The log's order is the order of time.
const columns = {
  id: 'e.seq',
  timestamp: 'e.seq',
  asset_id: 'e.asset_id',
  source_task_id: { nullable: 'e.source_task_id' },
  source_dag_id: { nullable: 'e.source_dag_id' },
  source_run_id: { nullable: 'e.source_run_id' },
  source_map_index: 'e.source_map_index',
} as const;

export async function listEvents(
  db: Db,
  { assetId, ...filter }: EventFilter,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly EventRecord[]> {
  // As a subquery: from the bare number Postgres may conclude that hardly an event is of this asset, and sort however many are.
  const isOfIt = given(assetId, (id) => isOfAsset(sql`(select ${id}::int)`));
  // The asset comes first, so that the index on asset and position has them in this order.
  const byAsset = { field: 'asset_id', descending: page.orderBy[0]?.descending ?? false } as const;
  const orderBy = assetId === undefined ? page.orderBy : [byAsset, ...page.orderBy];
  const { rows } = await sql<EventRecord>`
    ${selected} from asset_event e left join asset a on a.id = e.asset_id
    where ${allOf([isOfIt, matching(filter)])} ${pageOf(columns, { ...page, orderBy }, 'e.seq')}`.execute(db);
  return rows;
}

export async function countEvents(db: Db, filter: EventFilter): Promise<number> {
  return countFrom(db, sql`asset_event e left join asset a on a.id = e.asset_id where ${matching(filter)}`);
}

export async function findEvent(db: Db, seq: Seq): Promise<EventRecord | undefined> {
  const { rows } = await sql<EventRecord>`
    ${selected} from asset_event e join asset a on a.id = e.asset_id where e.seq = ${seq}`.execute(db);
  return rows[0];
}

/** Events a run consumed, oldest first. */
export async function listConsumedEvents(
  db: Db,
  dagId: DagId,
  runId: RunId,
  { limit, offset }: Page,
): Promise<readonly EventRecord[]> {
  const { rows } = await sql<EventRecord>`
    ${selected} from ${consumedBy({ dagId, runId, limit: offset + limit })} limit ${limit} offset ${offset}`.execute(
    db,
  );
  return rows;
}

const selected = sql`
  select ${eventColumns}, a.group_name, (
    select coalesce(json_agg(json_build_object('run_id', r.run_id, 'dag_id', r.dag_id, 'state', r.state,
      'logical_at', r.logical_at, 'queued_at', r.queued_at, 'started_at', r.started_at, 'ended_at', r.ended_at,
      'data_interval_start_at', r.data_interval_start_at, 'data_interval_end_at', r.data_interval_end_at) order by r.number), '[]')
    from (
      -- A run may have consumed it through several subscriptions.
      select distinct c.dag_id, c.run_id
      from (
        select id, judged_after from subscription where asset_id = e.asset_id
        union all select id, judged_after from asset_event_alias x join subscription using (alias_id) where x.seq = e.seq
      ) s cross join lateral (
        select '' as key where e.seq <= s.judged_after and e.partition_key is null
        union all select j.key from accepted_event j where j.subscription_id = s.id and j.seq = e.seq
      ) k cross join lateral (
        select c.dag_id, c.run_id, c.after_seq, c.outcome from consumption c
        where c.subscription_id = s.id and c.key = k.key and c.upto_seq >= e.seq order by c.upto_seq limit 1
      ) c where c.outcome = 'consumed' and c.after_seq < e.seq
    ) c join run r on r.dag_id = c.dag_id and r.run_id = c.run_id
  ) as runs`;

function matching(filter: EventFilter) {
  return allOf([
    given(filter.assetId, (id) => sql<boolean>`e.asset_id = ${id}`),
    given(filter.sourceDagId, (id) => sql<boolean>`e.source_dag_id = ${id}`),
    given(filter.sourceRunId, (id) => sql<boolean>`e.source_run_id = ${id}`),
    given(filter.sourceTaskId, (id) => sql<boolean>`e.source_task_id = ${id}`),
    given(filter.sourceMapIndex, (index) => sql<boolean>`e.source_map_index = ${index}`),
    contains('a.name', filter.namePattern),
    startsWith('a.name', filter.namePrefix),
    ...within('e.recorded_at', filter.recordedAt ?? {}),
  ]);
}
