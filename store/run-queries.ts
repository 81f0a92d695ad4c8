import { sql } from 'kysely';
import type { DagId, RunId } from '../core/ids.ts';
import { isNamedLike } from './asset-queries.ts';
import type { Db } from './database.ts';
import { missingOf } from './deadlines.ts';
import {
  allOf,
  contains,
  countFrom,
  given,
  type InstantRange,
  type OrderedPage,
  pageOf,
  within,
} from './page.ts';
import type { RunRow, RunState, RunTrigger } from './run-tables.ts';
import { ticksOf } from './ticks.ts';

/** A run as it is shown. */
export interface RunRecord extends RunRow {
  readonly consumed_event_count: number;
  /** Nominal times of the ticks it is for, as epoch milliseconds. */
  readonly ticks: readonly number[];
  /** Names of what was missing, of a run that a deadline started. */
  readonly missing: readonly string[];
  /** When the definition it executes was deployed. */
  readonly version_created_at: Date | null;
}

export interface RunFilter {
  readonly dagId?: DagId | undefined;
  readonly states?: readonly RunState[] | undefined;
  readonly triggers?: readonly RunTrigger[] | undefined;
  readonly runIdPattern?: string | undefined;
  /** Part of the name or URI of an asset it consumed events of. */
  readonly assetPattern?: string | undefined;
  readonly runAfter?: InstantRange;
  readonly logicalAt?: InstantRange;
  readonly startedAt?: InstantRange;
  readonly endedAt?: InstantRange;
}

/** When a run was due; as `runAfter` of a {@link RunRecord}. */
const runAfter = 'coalesce(r.data_interval_end_at, r.logical_at, r.queued_at)';

const columns = {
  id: 'r.number',
  dag_id: 'r.dag_id',
  dag_run_id: 'r.run_id',
  run_id: 'r.run_id',
  run_type: 'r.trigger',
  state: 'r.state',
  logical_date: { nullable: 'r.logical_at' },
  queued_at: 'r.queued_at',
  run_after: runAfter,
  start_date: { nullable: 'r.started_at' },
  end_date: { nullable: 'r.ended_at' },
  duration: { nullable: '(r.ended_at - r.started_at)' },
} as const;

export async function listRuns(
  db: Db,
  filter: RunFilter,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly RunRecord[]> {
  const { rows } = await sql<RunRecord>`
    ${selected} where ${matching(filter)} ${pageOf(columns, page, 'r.number')}`.execute(db);
  return rows;
}

export async function countRuns(db: Db, filter: RunFilter): Promise<number> {
  return countFrom(db, sql`run r where ${matching(filter)}`);
}

export async function findRun(db: Db, dagId: DagId, runId: RunId): Promise<RunRecord | undefined> {
  const { rows } = await sql<RunRecord>`
    ${selected} where r.dag_id = ${dagId} and r.run_id = ${runId}`.execute(db);
  return rows[0];
}

const selected = sql`
  select r.*, v.created_at as version_created_at, ${ticksOf('r')} as ticks, ${missingOf('r')} as missing, (
    select coalesce(sum(c.count), 0)::bigint from consumption c
    where c.dag_id = r.dag_id and c.run_id = r.run_id and c.outcome = 'consumed'
  ) as consumed_event_count
  from run r left join dag_version v on v.dag_id = r.dag_id and v.version = r.version`;

function matching(filter: RunFilter) {
  return allOf([
    given(filter.dagId, (dagId) => sql<boolean>`r.dag_id = ${dagId}`),
    given(filter.states, (states) => sql<boolean>`r.state = any(${states}::text[])`),
    given(filter.triggers, (triggers) => sql<boolean>`r.trigger = any(${triggers}::text[])`),
    contains('r.run_id', filter.runIdPattern),
    given(
      filter.assetPattern,
      (text) => sql<boolean>`exists (
        select from consumption c join subscription s on s.id = c.subscription_id join asset a on a.id = s.asset_id
        where c.dag_id = r.dag_id and c.run_id = r.run_id and ${isNamedLike(text)}
      )`,
    ),
    ...within(runAfter, filter.runAfter ?? {}),
    ...within('r.logical_at', filter.logicalAt ?? {}),
    ...within('r.started_at', filter.startedAt ?? {}),
    ...within('r.ended_at', filter.endedAt ?? {}),
  ]);
}
