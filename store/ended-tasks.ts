import type { EndedTask } from '../core/clearing-tasks.ts';
import type { TaskId } from '../core/ids.ts';
import type { TaskEnd } from '../core/run-plan.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { RunAttempt } from './runs.ts';
import type { TaskState } from './schema.ts';

/** Whether a task in this state has ended. */
export function isEnd(state: TaskState): state is TaskEnd {
  return state !== 'running' && state !== 'up_for_retry';
}

/** How the tasks of an attempt ended, those of them that did. */
export async function readEndedTasks(
  db: Db | Tx,
  { dagId, runId, attempt }: RunAttempt,
): Promise<ReadonlyMap<TaskId, EndedTask>> {
  const rows = await db
    .selectFrom('task_run')
    .select(['task_id', 'state', 'try', 'is_marked'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .execute();
  return new Map(
    rows.flatMap(({ task_id, state, try: tries, is_marked }) =>
      isEnd(state) ? [[task_id, { end: state, isDecided: tries === 0 && !is_marked }] as const] : [],
    ),
  );
}
