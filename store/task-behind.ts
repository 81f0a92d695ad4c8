import { sql } from 'kysely';
import type { AssetEvent, EventSource } from '../core/asset-event.ts';
import type { TaskBehind } from '../core/saved-value.ts';
import type { Db } from './database.ts';

/** The task that an event came from, in the attempt in which it did. */
export interface AttemptBehind extends TaskBehind {
  readonly attempt: number;
  /** Of the run. */
  readonly partition_key: string | null;
}

/**
 * Looks behind an event: of the attempts of its run, it is of the newest that had begun the task by then. What an attempt kept of one before
 * says when it began there, and is the same.
 */
export async function readTaskBehind(
  db: Db,
  { recordedAt }: Pick<AssetEvent, 'recordedAt'>,
  { dagId, runId, taskId, mapIndex = -1 }: Extract<EventSource, { kind: 'task' }>,
): Promise<AttemptBehind | undefined> {
  const { rows } = await sql<AttemptBehind>`
    select t.attempt, t.state, t.result, r.partition_key
    from run r cross join generate_series(1, r.attempt) n cross join lateral (
      select * from task_run t
      where t.dag_id = r.dag_id and t.run_id = r.run_id and t.attempt = n and t.task_id = ${taskId} and t.map_index = ${mapIndex}
    ) t
    where r.dag_id = ${dagId} and r.run_id = ${runId} and t.started_at <= ${new Date(recordedAt)}
    order by t.started_at desc, t.attempt limit 1`.execute(db);
  return rows[0];
}
