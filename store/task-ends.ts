import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { TaskOfRun } from './task-runs.ts';

/** A task of an open run that fails before any code of it ran; one that has a row already keeps it. */
export async function failUnstarted(db: Db, task: TaskOfRun, error: string): Promise<void> {
  await sql`
    insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, error, ended_at)
    select dag_id, run_id, attempt, ${task.taskId}, ${task.mapIndex ?? -1}::int, 'failed', ${error}, clock() from run where ${isOpenRun(task)}
    on conflict do nothing`.execute(db);
}

/** A task of an open run begins to let time pass; told again, it began when it began. @returns when, or nothing when the run is closed */
export async function beginWait(db: Db, task: TaskOfRun): Promise<Date | undefined> {
  const { rows } = await sql<{ started_at: Date }>`
    with begun as (
      insert into task_run (dag_id, run_id, attempt, task_id, state, try, started_at, try_started_at)
      select dag_id, run_id, attempt, ${task.taskId}, 'running', 1, clock(), clock() from run where ${isOpenRun(task)} for share
      on conflict (dag_id, run_id, attempt, task_id, map_index) do update set worker = task_run.worker
      returning started_at
    ), started as (
      update run set state = 'running', started_at = clock() where ${isOpenRun(task)} and state = 'queued'
    )
    select started_at from begun`.execute(db);
  return rows[0]?.started_at;
}

/** The time it let pass is over. */
export async function endWait(
  db: Db,
  { dagId, runId, attempt, taskId }: TaskOfRun,
  error: string | null,
): Promise<void> {
  await db
    .updateTable('task_run')
    .set({ state: error === null ? 'success' : 'failed', error, ended_at: sql<Date>`clock()` })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', '=', taskId)
    .where('state', '=', 'running')
    .execute();
}

function isOpenRun({ dagId, runId, attempt }: TaskOfRun) {
  return sql<boolean>`run.dag_id = ${dagId} and run.run_id = ${runId} and run.attempt = ${attempt} and run.state in ('queued', 'running')`;
}
