import { condition } from '@temporalio/workflow';

/** Holds a namespace for one project: it never ends, and its memo names the event log the namespace belongs to. */
export async function project(): Promise<void> {
  await condition(() => false);
}
