import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { TaskTry } from './recording.ts';
import { isRunning } from './task-rows.ts';

/** Ends a try that its worker hands back: another one follows, and it is nobody's failure. One that was lost meanwhile stays as it is. */
export async function handBackTry(db: Db, tried: TaskTry, why: string): Promise<void> {
  await db
    .updateTable('task_run')
    .set({ state: 'up_for_retry', error: why, ended_at: sql<Date>`clock()` })
    .where(isRunning(tried))
    .execute();
}
