import { ScheduleOverlapPolicy } from '@temporalio/client';
import { pruneWorkflowId, summary } from '../core/workflow-names.ts';
import { markRetentionSynced, readRetention } from '../store/retention.ts';
import type { Deps } from './deps.ts';
import { deleteSchedule, putSchedule } from './named-schedule.ts';

/** Brings the schedule that deletes what is past its age in line with what was deployed: there is one where something has an age. */
export async function syncRetention({ db, temporal }: Deps): Promise<void> {
  const { plan, isSynced } = await readRetention(db);
  if (isSynced) return;
  const { client, taskQueue } = temporal;
  if (plan === null || Object.keys(plan).length === 0) await deleteSchedule(client, pruneWorkflowId);
  else await putSchedule(client, pruneWorkflowId, scheduleOptions(taskQueue));
  await markRetentionSynced(db, plan);
}

/** Once a day, and not while the one before is still at it. What is missed is not made up for: the next one finds it. */
function scheduleOptions(taskQueue: string) {
  return {
    spec: { intervals: [{ every: '1 day' }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'prune',
      workflowId: pruneWorkflowId,
      taskQueue,
      args: [],
      staticSummary: summary('deletes what is past its age'),
    },
  };
}
