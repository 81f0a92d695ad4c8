import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import { isOfTask, type TaskOfRun } from './task-rows.ts';

/** The result of a task, or of an instance of it, that has succeeded; `null` where it has none, or has not. */
export async function readStoredResult(db: Db, task: TaskOfRun): Promise<Json> {
  const row = await db.selectFrom('task_run').select('result').where(isOfTask(task)).executeTakeFirst();
  return row?.result ?? null;
}
