import { getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { DagId } from '../core/ids.ts';
import { parseSlot, type Slot } from '../core/slot.ts';
import { runWorkflowId } from '../core/workflow-names.ts';

/** Tells a run to stop, and does not wait for it. What does not reach it, because it has yet to start or has ended, a sweep finishes. */
export function cancelRun(dagId: DagId, slot: Slot): void {
  const { runId, attempt } = parseSlot(slot);
  getExternalWorkflowHandle(runWorkflowId(dagId, runId, attempt))
    .cancel()
    .catch((error: unknown) => log.info('run not told to stop', { dagId, runId, error: String(error) }));
}
