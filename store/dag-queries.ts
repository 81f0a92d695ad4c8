import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { DagOutlet, DagPlan, TaskPlan } from '../core/run-plan.ts';
import { isNamedLike } from './asset-queries.ts';
import type { Db } from './database.ts';
import type { PausedBy } from './schema.ts';
import { allOf, contains, countFrom, given, type OrderedPage, pageOf } from './page.ts';

/** A DAG with its newest definition that is one; a retired DAG keeps its last. */
export interface DagRecord {
  readonly dag_id: DagId;
  readonly version: number;
  readonly file: string;
  readonly retired_at: Date | null;
  readonly updated_at: Date;
  readonly is_paused: boolean;
  readonly paused_by: PausedBy | null;
  readonly has_import_errors: boolean;
  readonly version_created_at: Date;
  /** The next time of its schedule; `null` while it is paused, or where there is none. */
  readonly next_time_at: Date | null;
  /** Without its tasks, which may be many. */
  readonly plan: Omit<DagPlan, 'run'>;
  /** Most tasks of a run at a time, and longest time of a run in milliseconds, where it sets them. */
  readonly max_active_tasks: number | null;
  readonly run_timeout_ms: number | null;
  /** What its runs update as a whole. */
  readonly outlets: readonly DagOutlet[];
}

export interface DagFilter {
  readonly dagIdPattern?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Whether a DAG must have all of the tags. */
  readonly matchAllTags?: boolean | undefined;
  readonly isPaused?: boolean | undefined;
  readonly excludeRetired?: boolean | undefined;
  readonly hasImportErrors?: boolean | undefined;
  readonly hasCondition?: boolean | undefined;
  /** Part of the name or URI of an asset it waits for. */
  readonly assetPattern?: string | undefined;
}

const columns = {
  dag_id: 'd.dag_id',
  dag_display_name: 'd.dag_id',
  is_paused: 'c.is_paused',
  last_parsed_time: 'd.updated_at',
} as const;

export async function listDags(
  db: Db,
  filter: DagFilter,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly DagRecord[]> {
  const { rows } = await sql<DagRecord>`
    ${selected} from ${source} where ${matching(filter)} ${pageOf(columns, page, 'd.dag_id')}`.execute(db);
  return rows;
}

export async function countDags(db: Db, filter: DagFilter): Promise<number> {
  return countFrom(db, sql`${source} where ${matching(filter)}`);
}

export async function findDag(db: Db, dagId: DagId): Promise<DagRecord | undefined> {
  const { rows } = await sql<DagRecord>`${selected} from ${source} where d.dag_id = ${dagId}`.execute(db);
  return rows[0];
}

/**
 * Tasks of a DAG's newest definition, in the order of the plan.
 * @returns `undefined` when the DAG was never deployed
 */
export async function readTasks(db: Db, dagId: DagId): Promise<readonly TaskPlan[] | undefined> {
  const row = await db
    .selectFrom('dag_version')
    .select('plan')
    .where('dag_id', '=', dagId)
    .where('plan', 'is not', null)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.plan?.run.tasks;
}

const selected = sql`
  select d.dag_id, d.version, d.file, d.retired_at, d.updated_at, c.is_paused, c.paused_by, v.created_at as version_created_at,
    case when d.retired_at is null and not c.is_paused then d.next_time_at end as next_time_at,
    (v.plan -> 'run' -> 'maxActiveTasks')::int as max_active_tasks, (v.plan -> 'run' -> 'timeoutMs')::bigint as run_timeout_ms,
    v.plan - 'run' as plan, coalesce(v.plan -> 'run' -> 'outlets', '[]') as outlets, exists (select from import_error i where i.file = d.file) as has_import_errors`;

const source = sql`
  dag d join consumer c on c.dag_id = d.dag_id cross join lateral (
    select v.plan, v.created_at from dag_version v
    where v.dag_id = d.dag_id and v.plan is not null order by v.version desc limit 1
  ) v`;

function matching(filter: DagFilter) {
  return allOf([
    contains('d.dag_id', filter.dagIdPattern),
    given(filter.tags, (tags) =>
      filter.matchAllTags === true
        ? sql<boolean>`v.plan->'tags' ?& ${tags}::text[]`
        : sql<boolean>`v.plan->'tags' ?| ${tags}::text[]`,
    ),
    given(filter.isPaused, (isPaused) => sql<boolean>`c.is_paused = ${isPaused}`),
    filter.excludeRetired === true ? sql<boolean>`d.retired_at is null` : undefined,
    given(
      filter.hasImportErrors,
      (has) => sql<boolean>`exists (select from import_error i where i.file = d.file) = ${has}`,
    ),
    given(filter.hasCondition, (has) => sql<boolean>`(v.plan->'condition' <> 'null') = ${has}`),
    given(
      filter.assetPattern,
      (text) => sql<boolean>`exists (
        select from subscription s join asset a on a.id = s.asset_id
        where s.dag_id = d.dag_id and s.until_seq is null and ${isNamedLike(text)}
      )`,
    ),
  ]);
}
