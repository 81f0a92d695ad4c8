import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { Db } from './database.ts';

/** A DAG whose schedule may have times that passed without a run. */
export interface DagToSettle {
  readonly dagId: DagId;
  readonly plan: DagPlan;
}

/** DAGs that make up for what was missed and were last looked at longer ago than `olderThanMs`. */
export async function findUnsettled(db: Db, olderThanMs: number): Promise<readonly DagToSettle[]> {
  const { rows } = await sql<DagToSettle>`
    select d.dag_id as "dagId", v.plan
    from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version join consumer c on c.dag_id = d.dag_id
    where d.retired_at is null and not c.is_paused and v.plan -> 'catchup' is not null and v.plan ->> 'cron' is not null
      and coalesce(d.times_settled_at, d.updated_at) < clock() - ${olderThanMs}::float8 * interval '1 millisecond'
    order by d.dag_id`.execute(db);
  return rows;
}

/** Up to when a DAG's times were made up for, and now. Before the first look it is when the DAG came into being, or just before its start date. */
export async function readSettled(
  db: Db,
  { dagId, plan }: DagToSettle,
): Promise<{ readonly settledAt: number; readonly now: number } | undefined> {
  const { rows } = await sql<{ settledAt: number; now: number }>`
    select (extract(epoch from coalesce(times_settled_at, ${plan.startAt === null ? null : new Date(plan.startAt - 1)}::timestamptz, created_at)) * 1000)::bigint as "settledAt",
      (extract(epoch from clock()) * 1000)::bigint as now
    from dag where dag_id = ${dagId}`.execute(db);
  return rows[0];
}

/** Those of these times that have their run. */
export async function readKnownTimes(
  db: Db,
  dagId: DagId,
  times: readonly number[],
): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ at: number }>`
    select (extract(epoch from nominal_at) * 1000)::bigint as at from run_tick
    where dag_id = ${dagId} and nominal_at = any(${times.map((at) => new Date(at))}::timestamptz[])`.execute(
    db,
  );
  return new Set(rows.map(({ at }) => at));
}

/** Notes that everything up to a time was made up for, and which time comes next. */
export async function settleTimes(
  db: Db,
  dagId: DagId,
  { upTo, nextAt }: { readonly upTo: number; readonly nextAt: number | null },
): Promise<void> {
  await sql`
    update dag set times_settled_at = greatest(times_settled_at, ${new Date(upTo)}::timestamptz),
      next_time_at = ${nextAt === null ? null : new Date(nextAt)}::timestamptz
    where dag_id = ${dagId}`.execute(db);
}

/** Notes which time of its schedule comes next. */
export async function noteNextTime(db: Db, dagId: DagId, nextAt: number | null): Promise<void> {
  await db
    .updateTable('dag')
    .set({ next_time_at: nextAt === null ? null : new Date(nextAt) })
    .where('dag_id', '=', dagId)
    .execute();
}
