import { sql } from 'kysely';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { TaskPlan } from '../core/run-plan.ts';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';
import type { LogLine } from './task-logs.ts';
import type { TaskRunRow } from './schema.ts';

/** Tasks of the plan a run executes; of the newest one while it waits for a slot. */
export async function readRunTasks(
  db: Db,
  dagId: DagId,
  version: number | null,
): Promise<readonly TaskPlan[]> {
  const { rows } = await sql<{ readonly tasks: readonly TaskPlan[] }>`
    select plan->'run'->'tasks' as tasks from dag_version
    where dag_id = ${dagId} and plan is not null and version <= coalesce(${version}::int, version)
    order by version desc limit 1`.execute(db);
  return rows[0]?.tasks ?? [];
}

/** A task of a run as it is shown: what it returned may be large. */
export type ListedTaskRun = Omit<TaskRunRow, 'result' | 'silent_tries' | 'heartbeat_details'>;

/** The tasks of one attempt that have started or ended. */
export async function listTaskRuns(
  db: Db,
  { dagId, runId, attempt }: RunAttempt,
): Promise<readonly ListedTaskRun[]> {
  return db
    .selectFrom('task_run')
    .select(['dag_id', 'run_id', 'attempt', 'task_id', 'state', 'try', 'failures'])
    .select(['started_at', 'try_started_at', 'ended_at', 'error', 'worker', 'progress', 'progress_note'])
    .select(['ran_in', 'is_marked'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .execute();
}

/** The log of one try. */
export interface TaskLogQuery {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly taskId: TaskId;
  readonly try: number;
  /** Only lines behind this one. */
  readonly after: number;
  /** @defaultValue no limit */
  readonly limit?: number | undefined;
}

/** Lines of a task's log in the order they were written, each with its number. */
export async function readTaskLog(
  db: Db,
  { dagId, runId, attempt, taskId, try: number, after, limit }: TaskLogQuery,
): Promise<readonly (LogLine & { readonly id: number })[]> {
  return db
    .selectFrom('task_log')
    .select(['id', 'at', 'level', 'message', 'fields'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('task_id', '=', taskId)
    .where('attempt', '=', attempt)
    .where('try', '=', number)
    .where('id', '>', after)
    .orderBy('id')
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute();
}
