import { WorkflowNotFoundError } from '@temporalio/client';
import { runWorkflowId } from '../core/workflow-names.ts';
import { type MarkedTask, markTask as writeMark, type TaskMark } from '../store/marks.ts';
import { isEndedRun, readRun } from '../store/runs.ts';
import { findUntoldMarks, noteMarkTold, type UntoldMark } from '../store/untold-marks.ts';
import { taskMarkedSignal } from '../workflows/messages.ts';
import type { Deps } from './deps.ts';

/**
 * Gives a task a state by hand. A run that goes on is told, so that it stops the task and goes on with what lies behind; where that is cut off, or Temporal is
 * away, a sweep tells it.
 * @throws TidegateError `unknown_task` with the nearest name
 */
export async function markTask(deps: Deps, mark: TaskMark): Promise<MarkedTask> {
  const marked = await writeMark(deps.db, mark);
  if (marked.kind !== 'telling') return marked;
  try {
    for (const untold of await findUntoldMarks(deps.db, mark)) await tellMark(deps, untold);
  } catch (error) {
    const { dagId, runId, taskId } = mark;
    deps.log.warn('run not told of a mark, will be tried again', {
      dagId,
      runId,
      taskId,
      error: String(error),
    });
  }
  return marked;
}

/** Tells a run what was said of a task of it. One that has ended meanwhile need not know; one that has no workflow yet is told by a sweep. */
export async function tellMark({ db, temporal }: Deps, mark: UntoldMark): Promise<void> {
  const { id, dagId, runId, attempt, taskId, state } = mark;
  try {
    await temporal.client.workflow
      .getHandle(runWorkflowId(dagId, runId, attempt))
      .signal(taskMarkedSignal, { taskId, state });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const run = await readRun(db, dagId, runId);
    if (run?.attempt === attempt && !isEndedRun(run)) return;
  }
  await noteMarkTold(db, id);
}
