import { isCancellation, sleep } from '@temporalio/workflow';
import type { TaskId } from '../core/ids.ts';
import type { TaskShape } from '../core/task-shape.ts';
import { summary } from '../core/workflow-names.ts';
import { beginWait, endWait } from './local-activities.ts';
import type { InTurn } from './one-by-one.ts';
import type { EndedTask, RunReference } from './task-activity.ts';

/** Lets time pass; a worker is needed only at its ends. */
export async function runWait(
  { dagId, runId, attempt }: RunReference,
  taskId: TaskId,
  shape: Extract<TaskShape, { kind: 'wait' }>,
  inTurn: InTurn,
): Promise<EndedTask> {
  const task = { dagId, runId, attempt, taskId };
  try {
    const ms = await inTurn(() => beginWait({ ...task, shape }));
    if (typeof ms === 'string') return { end: ms };
    if (ms > 0) await sleep(ms, { summary: summary(taskId) });
    await inTurn(() => endWait(task));
    return { end: 'success' };
  } catch (error) {
    if (isCancellation(error)) return { end: 'cancelled' };
    throw error;
  }
}
