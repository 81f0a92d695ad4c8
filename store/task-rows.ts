import { sql } from 'kysely';
import type { TaskId } from '../core/ids.ts';
import type { TaskTry } from './recording.ts';
import type { RunAttempt } from './runs.ts';

/** A task of a run, or an instance of it. */
export interface TaskOfRun extends RunAttempt {
  readonly taskId: TaskId;
  /** Which instance of a mapped task; absent of a task that is not mapped. */
  readonly mapIndex?: number | undefined;
}

/** Whether a row of `task_run` or `task_log` is of this attempt. */
export function isOfAttempt({ dagId, runId, attempt }: RunAttempt) {
  return sql<boolean>`dag_id = ${dagId} and run_id = ${runId} and attempt = ${attempt}`;
}

/** Whether it is of this task, or of this instance of it. */
export function isOfTask({ taskId, mapIndex = -1, ...attempt }: TaskOfRun) {
  return sql<boolean>`${isOfAttempt(attempt)} and task_id = ${taskId} and map_index = ${mapIndex}`;
}

/** Whether a row of `task_run` is that of a try which is still the running one. */
export function isRunning({ try: number, ...task }: TaskTry) {
  return sql<boolean>`${isOfTask(task)} and try = ${number} and state = 'running'`;
}
