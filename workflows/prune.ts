import { proxyActivities } from '@temporalio/workflow';
import type { PruneActivities } from '../activities/index.ts';
import { summary } from '../core/workflow-names.ts';

/** What the project's retention schedule starts: deletes what is past its age. @returns rows that went, by table */
export async function prune(): Promise<Readonly<Record<string, number>>> {
  const { pruneProject } = proxyActivities<PruneActivities>({
    startToCloseTimeout: '1 day',
    heartbeatTimeout: '2 minutes',
    summary: summary('delete what is past its age'),
  });
  return pruneProject();
}
