import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { type Pruned, type PruneStep, rowsOf } from './pruning.ts';

/** Runs looked at in one transaction. */
const runsAtOnce = 200;
/** Lines of logs deleted in one transaction. */
const linesAtOnce = 10_000;

/**
 * Whether the run in table `r` may be deleted: it ended before a time, its consumer knows, it is not the newest of its DAG, and no time of
 * a schedule would be made up for again because the run is gone.
 */
export function isPrunable(before: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`(
    r.ended_at < ${before} and r.state in ('success', 'failed') and r.is_close_reported
    and r.number < (select max(n.number) from run n where n.dag_id = r.dag_id)
    and not exists (
      select from run_tick t join dag d on d.dag_id = t.dag_id
      join dag_version v on v.dag_id = d.dag_id and v.version = d.version and v.plan -> 'catchup' is not null
      where t.dag_id = r.dag_id and t.run_id = r.run_id and (d.times_settled_at is null or t.nominal_at > d.times_settled_at)
    )
  )`;
}

interface Page {
  readonly seen: number;
  readonly at: string | null;
  readonly number: number | null;
}

/** Deletes old runs with their tasks, results and what is left of their logs. What they consumed stays with its events. */
export async function pruneRuns(db: Db, { before, isDry, cursor }: PruneStep): Promise<Pruned> {
  const isOwn = sql`t.dag_id = d.dag_id and t.run_id = d.run_id`;
  const { rows } = await sql<Page & Record<'run' | 'task_run' | 'task_log' | 'run_tick', number>>`
    with ${pageOf(before, cursor, sql`true`)}, doomed as (
      select r.dag_id, r.run_id from run r join page p on p.dag_id = r.dag_id and p.run_id = r.run_id
      where ${isPrunable(sql`${before}::timestamptz`)} ${isDry ? sql`` : sql`for update of r skip locked`}
    ), logs as (${rowsOf(isDry, 'task_log', isOwn)}),
    tasks as (${rowsOf(isDry, 'task_run', isOwn)}),
    ticks as (${rowsOf(isDry, 'run_tick', isOwn)}),
    runs as (${rowsOf(isDry, 'run', isOwn)}),
    noted as (
      update project set runs_pruned_before = greatest(runs_pruned_before, ${before}::timestamptz)
      where ${!isDry} and exists (select from doomed)
    )
    select (select count(*) from runs) as run, (select count(*) from tasks) as task_run,
      (select count(*) from logs) as task_log, (select count(*) from ticks) as run_tick, ${placeOf}`.execute(
    db,
  );
  const [row] = rows;
  if (row === undefined) return { removed: {} };
  const { seen, at, number, ...removed } = row;
  return { removed, ...nextOf({ seen, at, number }) };
}

/** Deletes the lines of logs of old runs, and notes which of them have none any more. */
export async function pruneLogs(db: Db, { before, isDry, cursor }: PruneStep): Promise<Pruned> {
  const isLeft = sql`not r.are_logs_pruned`;
  if (isDry) {
    const { rows } = await sql<Page & { task_log: number }>`
      with ${pageOf(before, cursor, isLeft)}
      select (select count(*) from page p join task_log t on t.dag_id = p.dag_id and t.run_id = p.run_id) as task_log, ${placeOf}`.execute(
      db,
    );
    const [row] = rows;
    return row === undefined ? { removed: {} } : { removed: { task_log: row.task_log }, ...nextOf(row) };
  }
  const { rows } = await sql<Page & { task_log: number }>`
    with ${pageOf(before, cursor, isLeft)}, lines as (
      select t.id from page p join task_log t on t.dag_id = p.dag_id and t.run_id = p.run_id limit ${linesAtOnce}
    ), gone as (delete from task_log t using lines where t.id = lines.id returning 1),
    noted as (
      update run r set are_logs_pruned = true from page p
      where (select count(*) from lines) < ${linesAtOnce}
        and r.dag_id = p.dag_id and r.run_id = p.run_id and r.ended_at = p.ended_at
    )
    select (select count(*) from gone) as task_log, ${placeOf}`.execute(db);
  const [row] = rows;
  if (row === undefined) return { removed: {} };
  // What one transaction could not hold is for the next, at the same place.
  const same = cursor ?? ['-infinity', 0];
  return {
    removed: { task_log: row.task_log },
    ...(row.task_log < linesAtOnce ? nextOf(row) : { next: same }),
  };
}

function pageOf(
  before: Date,
  [at, number]: readonly (string | number)[] = ['-infinity', 0],
  where: RawBuilder<unknown>,
) {
  return sql`page as materialized (
    select r.dag_id, r.run_id, r.ended_at, r.number from run r
    where r.ended_at < ${before}::timestamptz and (r.ended_at, r.number) > (${at}::timestamptz, ${number}::bigint) and ${where}
    order by r.ended_at, r.number limit ${runsAtOnce}
  )`;
}

const placeOf = sql`
  (select count(*) from page) as seen, (select max(ended_at)::text from page) as at,
  (select number from page order by ended_at desc, number desc limit 1) as number`;

function nextOf({ seen, at, number }: Page): Pick<Pruned, 'next'> {
  return seen < runsAtOnce || at === null || number === null ? {} : { next: [at, number] };
}
