import type { Client, WorkflowHandle } from '@temporalio/client';
import type { rawMapped, rawParent, rawRuns } from './workflows.ts';

const taskQueue = 'raw';

/** A parent that starts a child, and in it an activity, for each `go` signal. */
export function startParent(client: Client, name: string): Promise<WorkflowHandle<typeof rawParent>> {
  return client.workflow.start<typeof rawParent>('rawParent', {
    ...{ taskQueue, workflowId: name, args: [{ name }] },
  });
}

/** Runs so many children to their end. */
export function executeRuns(
  client: Client,
  workflowId: string,
  input: Parameters<typeof rawRuns>[0],
): Promise<void> {
  return client.workflow.execute<typeof rawRuns>('rawRuns', { taskQueue, workflowId, args: [input] });
}

/** Runs so many activities of one workflow to their end. */
export function executeMapped(
  client: Client,
  workflowId: string,
  input: Parameters<typeof rawMapped>[0],
): Promise<void> {
  return client.workflow.execute<typeof rawMapped>('rawMapped', { taskQueue, workflowId, args: [input] });
}
