import { sql } from 'kysely';
import type { DagId, RunId } from '../core/ids.ts';
import type { RunPlan } from '../core/run-plan.ts';
import { type Slot, slotOf } from '../core/slot.ts';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';
import type { RunTrigger } from './run-tables.ts';
import { startable } from './startable-runs.ts';

/** An open run that was opened or let in a while ago, with what it takes to start its workflow. */
export interface OpenRun extends RunAttempt {
  readonly trigger: RunTrigger;
  readonly partitionKey: string | null;
  readonly version: number;
  readonly plan: RunPlan;
}

/** Runs that hold a slot and have not begun a task within `olderThanMs`: their workflow may be missing. Those seen lately come later. */
export async function findUnstartedRuns(db: Db, olderThanMs: number): Promise<readonly OpenRun[]> {
  const { rows } = await sql<OpenRun>`
    select r.dag_id as "dagId", r.run_id as "runId", r.attempt, r.trigger, r.partition_key as "partitionKey", r.version, v.definition -> 'plan' as plan
    from run r join dag_version v on v.dag_id = r.dag_id and v.version = r.version
    where r.state = 'queued' and r.admitted_at < clock() - ${olderThanMs}::float8 * interval '1 millisecond'
      and (r.workflow_seen_at is null or r.workflow_seen_at < clock() - interval '1 minute')
    order by r.workflow_seen_at nulls first, r.admitted_at limit 500`.execute(db);
  return rows;
}

/** Notes that a run has a workflow and only waits for a worker, so that sweeps look at it less often. */
export async function markWorkflowSeen(db: Db, { dagId, runId, attempt }: RunAttempt): Promise<void> {
  await db
    .updateTable('run')
    .set({ workflow_seen_at: sql<Date>`clock()` })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .execute();
}

/** Open runs whose workflow might have ended without closing them. */
export async function findOpenRuns(
  db: Db,
): Promise<readonly (RunAttempt & { readonly state: 'queued' | 'running' })[]> {
  const { rows } = await sql<RunAttempt & { readonly state: 'queued' | 'running' }>`
    select dag_id as "dagId", run_id as "runId", attempt, state from run
    where state in ('queued', 'running') and admitted_at is not null order by number`.execute(db);
  return rows;
}

/** Open runs that somebody gave a state by hand: their tasks are to stop. */
export async function findMarkedRuns(db: Db): Promise<readonly RunAttempt[]> {
  const { rows } = await sql<RunAttempt>`
    select dag_id as "dagId", run_id as "runId", attempt from run
    where state in ('queued', 'running') and wanted_state is not null limit 500`.execute(db);
  return rows;
}

/** Attempts of runs that were closed and whose consumer was not told. */
export async function findUnreportedRuns(
  db: Db,
  olderThanMs: number,
): Promise<readonly { readonly dagId: DagId; readonly slot: Slot }[]> {
  const isOld = sql`clock() - ${olderThanMs}::float8 * interval '1 millisecond'`;
  const { rows } = await sql<{ dagId: DagId; runId: RunId; attempt: number }>`
    select dag_id as "dagId", run_id as "runId", attempt from run
    where not is_close_reported and state in ('success', 'failed') and ended_at < ${isOld}
    union all select dag_id, run_id, attempt - 1 from run_attempt
    where not is_last_reported and last_ended_at < ${isOld} limit 1000`.execute(db);
  return rows.map(({ dagId, runId, attempt }) => ({ dagId, slot: slotOf(runId, attempt) }));
}

/** DAGs that have a requested run waiting, a slot free for it, and have had time to hear of it. */
export async function findWaitingRequests(db: Db, olderThanMs: number): Promise<readonly DagId[]> {
  const { rows } = await sql<{ dag_id: DagId }>`
    select distinct r.dag_id
    from run r join consumer c using (dag_id) join dag d using (dag_id)
    join dag_version v on v.dag_id = d.dag_id and v.version = d.version
    where r.state = 'queued' and r.admitted_at is null and not r.is_owed and ${startable('r')} and not c.is_paused and d.retired_at is null
      and r.queued_at < clock() - ${olderThanMs}::float8 * interval '1 millisecond'
      and (select count(*) from run o where o.dag_id = r.dag_id and o.state in ('queued', 'running') and o.admitted_at is not null)
        < (v.definition ->> 'maxActiveRuns')::int`.execute(db);
  return rows.map(({ dag_id }) => dag_id);
}

/** DAGs in force: each of them has a consumer running. */
export async function findDeployedDags(db: Db): Promise<readonly DagId[]> {
  const rows = await db.selectFrom('dag').select('dag_id').where('retired_at', 'is', null).execute();
  return rows.map(({ dag_id }) => dag_id);
}
