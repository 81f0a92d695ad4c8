import { sql } from 'kysely';
import type { DagId, TaskId } from '../core/ids.ts';
import type { TaskPlan } from '../core/run-plan.ts';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';
import type { LogLine } from './task-logs.ts';
import type { Page } from './page.ts';
import type { TaskRunRow, TaskState } from './run-tables.ts';
import { isOfAttempt, isOfTask, type TaskOfRun } from './task-rows.ts';

interface PlannedTasks {
  readonly tasks: readonly TaskPlan[];
}

/** Tasks of the plan a run executes; of the newest plan while it waits for a slot. */
export async function readRunTasks(
  db: Db,
  dagId: DagId,
  version: number | null,
): Promise<readonly TaskPlan[]> {
  const { rows } = await sql<PlannedTasks>`
    select plan->'run'->'tasks' as tasks from ${planOf(dagId, version)}`.execute(db);
  return rows[0]?.tasks ?? [];
}

/** The same, and behind them the callbacks that the attempt has called. */
export async function readShownTasks(
  db: Db,
  attempt: RunAttempt,
  version: number | null,
): Promise<readonly TaskPlan[]> {
  const { rows } = await sql<PlannedTasks>`
    select plan->'run'->'tasks' || coalesce((
      select jsonb_agg(callback->'task') from jsonb_array_elements(plan->'run'->'callbacks') as callback
      where exists (select from task_run where ${isOfAttempt(attempt)} and task_id = callback->'task'->>'id')
    ), '[]') as tasks from ${planOf(attempt.dagId, version)}`.execute(db);
  return rows[0]?.tasks ?? [];
}

function planOf(dagId: DagId, version: number | null) {
  return sql`dag_version
    where dag_id = ${dagId} and plan is not null and version <= coalesce(${version}::int, version)
    order by version desc limit 1`;
}

const listed = [
  ...(['dag_id', 'run_id', 'attempt', 'task_id', 'map_index', 'state', 'try', 'failures'] as const),
  ...(['started_at', 'try_started_at', 'ended_at', 'error', 'worker', 'progress', 'progress_note'] as const),
  ...(['ran_in', 'is_marked'] as const),
] as const;

/** A task of a run as it is shown: what it returned may be large. */
export type ListedTaskRun = Omit<TaskRunRow, 'result' | 'silent_tries' | 'heartbeat_details'>;

/** The tasks of one attempt that have started or ended; of mapped ones only those that never had instances. */
async function listTaskRuns(db: Db, attempt: RunAttempt): Promise<readonly ListedTaskRun[]> {
  return db
    .selectFrom('task_run')
    .select(listed)
    .where(isOfAttempt(attempt))
    .where('map_index', '=', -1)
    .execute();
}

/** The instances of a mapped task in one state. */
export interface InstanceCount {
  readonly task_id: TaskId;
  readonly state: TaskState;
  readonly count: number;
  readonly started_at: Date | null;
  readonly ended_at: Date | null;
}

/** How many instances of its mapped tasks an attempt has in which state, and from when to when. */
export async function countInstances(db: Db, attempt: RunAttempt): Promise<readonly InstanceCount[]> {
  const { rows } = await sql<InstanceCount>`
    select task_id, state, count(*)::int as count, min(started_at) as started_at, max(ended_at) as ended_at from task_run
    where ${isOfAttempt(attempt)} and map_index >= 0
    group by task_id, state order by task_id, state`.execute(db);
  return rows;
}

/** What an attempt has of its tasks. */
export interface TriedTasks {
  readonly tried: readonly ListedTaskRun[];
  readonly instances: readonly InstanceCount[];
}

export async function readTriedTasks(db: Db, attempt: RunAttempt): Promise<TriedTasks> {
  const [tried, instances] = await Promise.all([listTaskRuns(db, attempt), countInstances(db, attempt)]);
  return { tried, instances };
}

/** Instances of a mapped task that have started, in the order of their items. */
export async function listInstances(
  db: Db,
  attempt: RunAttempt,
  taskId: TaskId,
  { limit, offset }: Page,
): Promise<readonly ListedTaskRun[]> {
  return rowsOf(db, attempt, taskId)
    .where('map_index', '>=', 0)
    .orderBy('map_index')
    .limit(limit)
    .offset(offset)
    .execute();
}

/** Some instances of a mapped task, those of them that have started or ended. */
export async function readInstances(
  db: Db,
  attempt: RunAttempt,
  taskId: TaskId,
  indexes: readonly number[],
): Promise<readonly ListedTaskRun[]> {
  return rowsOf(db, attempt, taskId)
    .where(sql<boolean>`map_index = any(${indexes}::int[])`)
    .execute();
}

function rowsOf(db: Db, attempt: RunAttempt, taskId: TaskId) {
  return db.selectFrom('task_run').select(listed).where(isOfAttempt(attempt)).where('task_id', '=', taskId);
}

/** A task of one attempt, or one instance of it, as it is now. */
export async function readTaskRun(
  db: Db,
  task: TaskOfRun,
): Promise<Pick<TaskRunRow, 'state' | 'try' | 'ran_in'> | undefined> {
  return db
    .selectFrom('task_run')
    .select(['state', 'try', 'ran_in'])
    .where(isOfTask(task))
    .executeTakeFirst();
}

/** The log of one try. */
export interface TaskLogQuery extends TaskOfRun {
  readonly try: number;
  /** Only lines behind this one. */
  readonly after: number;
  /** @defaultValue no limit */
  readonly limit?: number | undefined;
}

/** Lines of a task's log in the order they were written, each with its number. */
export async function readTaskLog(
  db: Db,
  { try: number, after, limit, ...task }: TaskLogQuery,
): Promise<readonly (LogLine & { readonly id: number })[]> {
  return db
    .selectFrom('task_log')
    .select(['id', 'at', 'level', 'message', 'fields'])
    .where(isOfTask(task))
    .where('try', '=', number)
    .where('id', '>', after)
    .orderBy('id')
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .execute();
}
