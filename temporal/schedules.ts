import { ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { DagPlan } from '../core/run-plan.ts';
import { summary, tickWorkflowId } from '../core/workflow-names.ts';
import type { UnsyncedDag } from '../store/syncing.ts';
import type { Temporal } from './deps.ts';

/** How late a tick may come after an outage of Temporal and still count. */
const catchupWindow = '10 minutes';

/** Brings the Temporal Schedule of a DAG in line with its plan; what is paused stays paused. */
export async function syncSchedule(
  temporal: Temporal,
  { dagId, plan, isPaused }: UnsyncedDag,
): Promise<void> {
  const { schedule } = temporal.client;
  const scheduleId = tickWorkflowId(dagId);
  const handle = schedule.getHandle(scheduleId);
  if (plan === null || plan.cron === null) return ignoreMissing(() => handle.delete());
  const options = scheduleOptions(plan, plan.cron, temporal.taskQueue);
  try {
    await handle.update((previous) => ({ ...options, state: { ...previous.state, paused: isPaused } }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await schedule.create({ scheduleId, ...options, state: { paused: isPaused } });
  }
}

function scheduleOptions({ dagId, startAt }: DagPlan, cron: NonNullable<DagPlan['cron']>, taskQueue: string) {
  return {
    spec: {
      cronExpressions: [cron.expression],
      timezone: cron.timezone,
      ...(startAt === null ? {} : { startAt: new Date(startAt) }),
    },
    // Ticks of one DAG never wait for each other: whether runs may overlap is the consumer's to say.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'tick',
      workflowId: tickWorkflowId(dagId),
      taskQueue,
      args: [{ dagId }],
      staticSummary: summary(`tick of ${dagId} (${cron.expression})`),
    },
  };
}

async function ignoreMissing(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
