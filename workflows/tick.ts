import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RunActivities } from '../activities/index.ts';
import type { DagId } from '../core/ids.ts';
import { summary } from '../core/workflow-names.ts';

export interface TickInput {
  readonly dagId: DagId;
}

/** What a Temporal Schedule starts: asks for the run of its nominal time. */
export async function tick({ dagId }: TickInput): Promise<void> {
  const { requestTick } = proxyActivities<RunActivities>({
    startToCloseTimeout: '30 seconds',
    summary: summary(`request the scheduled run of ${dagId}`),
  });
  const { startTime, searchAttributes } = workflowInfo();
  const scheduled = searchAttributes['TemporalScheduledStartTime']?.[0];
  const nominal = scheduled instanceof Date ? scheduled : startTime;
  await requestTick({ dagId, nominalAt: nominal.getTime() });
}
