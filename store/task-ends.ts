import { sql } from 'kysely';
import type { Db } from './database.ts';
import { openTaskStates, type TaskRunRow } from './run-tables.ts';
import { isOfTask, type TaskOfRun } from './task-rows.ts';

/** A task of an open run, or an instance of it, that fails before any code of it ran, or ran again; one that has ended stays as it ended. */
export async function failUnstarted(db: Db, task: TaskOfRun, error: string): Promise<void> {
  await sql`
    insert into task_run as t (dag_id, run_id, attempt, task_id, map_index, state, error, ended_at)
    select dag_id, run_id, attempt, ${task.taskId}, ${task.mapIndex ?? -1}::int, 'failed', ${error}, clock() from run where ${isOpenRun(task)}
    on conflict (dag_id, run_id, attempt, task_id, map_index) do update set state = 'failed', error = excluded.error, ended_at = excluded.ended_at
    where t.state = any(${openTaskStates}::text[])`.execute(db);
}

/** A wait of an open run that began, or how it ended: somebody may have marked it. */
export type BegunWait = Pick<TaskRunRow, 'started_at' | 'state'>;

/** A task of an open run begins to let time pass; told again, it began when it began. @returns nothing when the run is closed */
export async function beginWait(db: Db, task: TaskOfRun): Promise<BegunWait | undefined> {
  const { rows } = await sql<BegunWait>`
    with begun as (
      insert into task_run (dag_id, run_id, attempt, task_id, state, try, started_at, try_started_at)
      select dag_id, run_id, attempt, ${task.taskId}, 'running', 1, clock(), clock() from run where ${isOpenRun(task)} for share
      on conflict (dag_id, run_id, attempt, task_id, map_index) do update set worker = task_run.worker
      returning started_at, state
    ), started as (
      update run set state = 'running', started_at = clock() where ${isOpenRun(task)} and state = 'queued'
    )
    select started_at, state from begun`.execute(db);
  return rows[0];
}

/** The time it let pass is over. */
export async function endWait(db: Db, task: TaskOfRun, error: string | null): Promise<void> {
  await db
    .updateTable('task_run')
    .set({ state: error === null ? 'success' : 'failed', error, ended_at: sql<Date>`clock()` })
    .where(isOfTask(task))
    .where('state', '=', 'running')
    .execute();
}

function isOpenRun({ dagId, runId, attempt }: TaskOfRun) {
  return sql<boolean>`run.dag_id = ${dagId} and run.run_id = ${runId} and run.attempt = ${attempt} and run.state in ('queued', 'running')`;
}
