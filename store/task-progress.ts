import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { TaskTry } from './recording.ts';
import { isRunning } from './task-rows.ts';

/** What a running try says about itself; what is absent stays as it is. */
export interface TaskProgress {
  /** From 0 to 1. */
  readonly progress?: number;
  readonly note?: string | null;
  /** As JSON text: what the next try may go on from. */
  readonly heartbeatDetails?: string;
}

/** Writes how far a try is, unless it is no longer the running one. */
export async function writeProgress(
  db: Db,
  tried: TaskTry,
  { progress, note, heartbeatDetails }: TaskProgress,
): Promise<void> {
  await db
    .updateTable('task_run')
    .set({
      ...(progress === undefined ? {} : { progress, progress_note: note ?? null }),
      ...(heartbeatDetails === undefined ? {} : { heartbeat_details: sql`${heartbeatDetails}::jsonb` }),
    })
    .where(isRunning(tried))
    .execute();
}
