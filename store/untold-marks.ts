import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Db } from './database.ts';
import type { MarkedState } from './run-tables.ts';

/** What was said of a task of a run that went on, and that its workflow has yet to be told. */
export interface UntoldMark {
  readonly id: number;
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly taskId: TaskId;
  readonly state: MarkedState;
}

/** Those of any run, or of one task, the oldest first; at most 500. */
export async function findUntoldMarks(
  db: Db,
  of?: Pick<UntoldMark, 'dagId' | 'runId'>,
): Promise<readonly UntoldMark[]> {
  const all = db
    .selectFrom('mark')
    .select(['id', 'dag_id', 'run_id', 'attempt', 'task_id', 'became'])
    .where('is_untold', '=', true);
  const own = of === undefined ? all : all.where('dag_id', '=', of.dagId).where('run_id', '=', of.runId);
  const rows = await own.orderBy('id').limit(500).execute();
  return rows.flatMap(({ id, dag_id: dagId, run_id: runId, attempt, task_id: taskId, became: state }) =>
    taskId === null ? [] : [{ id, dagId, runId, attempt, taskId, state }],
  );
}

export async function noteMarkTold(db: Db, id: number): Promise<void> {
  await db.updateTable('mark').set({ is_untold: false }).where('id', '=', id).execute();
}
