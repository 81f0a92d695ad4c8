import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RunActivities } from '../activities/index.ts';
import type { DagId } from '../core/ids.ts';
import { summary } from '../core/workflow-names.ts';

export interface TickInput {
  readonly dagId: DagId;
  /** Whether it is a deadline that comes, instead of a time to run. */
  readonly isDeadline?: true;
}

/** What a Temporal Schedule starts: asks for the run of its nominal time, or says that a deadline came. */
export async function tick({ dagId, isDeadline }: TickInput): Promise<void> {
  const { requestTick, noteDeadline } = proxyActivities<RunActivities>({
    startToCloseTimeout: '30 seconds',
    summary: summary(isDeadline === true ? `deadline of ${dagId}` : `request the scheduled run of ${dagId}`),
  });
  const { startTime, searchAttributes } = workflowInfo();
  const scheduled = searchAttributes['TemporalScheduledStartTime']?.[0];
  const nominal = scheduled instanceof Date ? scheduled : startTime;
  const time = { dagId, nominalAt: nominal.getTime() };
  await (isDeadline === true ? noteDeadline(time) : requestTick(time));
}
