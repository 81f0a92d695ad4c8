import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import type { TaskTry } from './recording.ts';

/** The result of a task that has succeeded; `null` where it has none, or has not. */
export async function readStoredResult(
  db: Db,
  { dagId, runId, attempt, taskId }: Omit<TaskTry, 'try'>,
): Promise<Json> {
  const row = await db
    .selectFrom('task_run')
    .select('result')
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', '=', taskId)
    .executeTakeFirst();
  return row?.result ?? null;
}
