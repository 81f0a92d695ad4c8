import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { CronPlan } from '../core/run-plan.ts';
import { deadlineWorkflowId, summary, tickWorkflowId } from '../core/workflow-names.ts';
import type { UnsyncedDag } from '../store/syncing.ts';
import type { TickInput } from '../workflows/tick.ts';
import type { Temporal } from './deps.ts';
import { deleteSchedule, putSchedule } from './named-schedule.ts';

/** How late a tick may come after an outage of Temporal and still count. */
const catchupWindow = '10 minutes';

/** A Temporal Schedule as a DAG's plan asks for it; `cron` is `null` where it does not. */
interface Wanted {
  readonly id: string;
  readonly cron: CronPlan | null;
  readonly input: TickInput;
  readonly startAt: number | null;
  readonly endAt: number | undefined;
  readonly says: string;
}

/** Brings the Temporal Schedules of a DAG in line with its plan; what is paused stays paused. */
export async function syncSchedules(temporal: Temporal, dag: UnsyncedDag): Promise<void> {
  const { dagId, plan } = dag;
  const [startAt, endAt] = [plan?.startAt ?? null, plan?.endAt];
  const [cron, deadline] = [plan?.cron ?? null, plan?.deadline?.cron ?? null];
  const wanted: readonly Wanted[] = [
    { id: tickWorkflowId(dagId), cron, input: { dagId }, startAt, endAt, says: `tick of ${dagId}` },
    {
      ...{ id: deadlineWorkflowId(dagId), cron: deadline, input: { dagId, isDeadline: true } },
      ...{ startAt, endAt, says: `deadline of ${dagId}` },
    },
  ];
  for (const one of wanted) await syncSchedule(temporal, one, dag);
}

async function syncSchedule(
  temporal: Temporal,
  wanted: Wanted,
  { plan, isPaused }: Pick<UnsyncedDag, 'plan' | 'isPaused'>,
): Promise<void> {
  const { client, taskQueue } = temporal;
  const { id, cron } = wanted;
  if (plan === null || cron === null) return deleteSchedule(client, id);
  return putSchedule(client, id, scheduleOptions(wanted, cron, taskQueue), { paused: isPaused });
}

function scheduleOptions({ id, input, startAt, endAt, says }: Wanted, cron: CronPlan, taskQueue: string) {
  return {
    spec: {
      cronExpressions: [cron.expression],
      timezone: cron.timezone,
      ...(startAt === null ? {} : { startAt: new Date(startAt) }),
      ...(endAt === undefined ? {} : { endAt: new Date(endAt) }),
    },
    // Ticks of one DAG never wait for each other: whether runs may overlap is the consumer's to say.
    policies: { overlap: ScheduleOverlapPolicy.ALLOW_ALL, catchupWindow },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'tick',
      workflowId: id,
      taskQueue,
      args: [input],
      staticSummary: summary(`${says} (${cron.expression})`),
    },
  };
}
