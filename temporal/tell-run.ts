import type { TaskRetry } from '../core/callback.ts';
import { taskRetriedSignal } from '../workflows/messages.ts';
import type { Temporal } from './deps.ts';

/** Tells the workflow of a run that a try failed behind which there is another. */
export async function tellRun({ client }: Temporal, workflowId: string, retry: TaskRetry): Promise<void> {
  await client.workflow.getHandle(workflowId).signal(taskRetriedSignal, retry);
}
