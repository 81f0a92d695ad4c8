import { sql } from 'kysely';
import type { TaskTry } from './recording.ts';

/** Whether a row of `task_run` is that of a try which is still the running one. */
export function isRunning({ dagId, runId, attempt, taskId, mapIndex = -1, try: number }: TaskTry) {
  return sql<boolean>`dag_id = ${dagId} and run_id = ${runId} and attempt = ${attempt} and task_id = ${taskId}
    and map_index = ${mapIndex} and try = ${number} and state = 'running'`;
}
