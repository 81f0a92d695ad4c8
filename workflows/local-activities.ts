import { proxyLocalActivities } from '@temporalio/workflow';
import type { ConsumerActivities, RunActivities } from '../activities/index.ts';

/** Short, idempotent transactions on the way from event to run. Retried for ever: without Postgres nothing can be decided. */
const options = {
  startToCloseTimeout: '20 seconds',
  retry: { initialInterval: '100 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const;

export const {
  claimGate,
  openRuns,
  openParts,
  admitRuns,
  adoptDefinition,
  checkpoint,
  setPaused,
  clearQueue,
  reachTime,
  recallKeys,
  recallMet,
  stopRuns,
  writeDeadline,
} = proxyLocalActivities<ConsumerActivities>(options);

export const { closeRun, readAttempt, expandTask, beginWait, endWait, failUnstarted, exchangeSlots } =
  proxyLocalActivities<RunActivities>(options);
