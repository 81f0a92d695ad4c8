import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { RunTask, TaskResult } from '../activities/index.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import { runDetails } from '../core/run-details.ts';
import {
  maxPendingTasks,
  outcomeOf,
  type RunPlan,
  step,
  type TaskEnd,
  type TaskPlan,
  updatedBy,
} from '../core/run-plan.ts';
import type { TaskPriority } from '../core/task-priority.ts';
import { titleOf } from '../core/source.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import { summary, taskActivityType } from '../core/workflow-names.ts';
import { closeRun } from './local-activities.ts';
import { makeFindable } from './search-attributes.ts';

export interface DagRunInput {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly trigger: 'asset' | 'manual' | 'scheduled';
  /** Partition key it is of, where runs are by partition. */
  readonly partitionKey?: string;
  readonly version: number;
  /** Frozen: whatever authors edit, this run executes what it started with. */
  readonly plan: RunPlan;
  readonly searchAttributes: readonly SearchAttributeName[];
}

/** A try that hears nothing of its own limit is bounded by this. */
const unlimited = '365 days';
/** What a try may take beyond its time-out to stop by itself, before Temporal gives it to another worker. */
const graceMs = 30_000;

/** One run: its tasks as their dependencies and trigger rules allow. It fails when the run fails. */
export async function dagRun(input: DagRunInput): Promise<void> {
  const { dagId, runId, attempt, plan } = input;
  const ends: Record<TaskId, TaskEnd> = {};
  const whole = CancellationScope.current();
  const { timeoutMs } = plan;
  const tasks = new CancellationScope({
    cancellable: true,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  });
  const isStopped = await tasks.run(() => runTasks(input, ends));

  const isTimedOut = isStopped && tasks.consideredCancelled && !whole.consideredCancelled;
  const isCancelled = isStopped && !isTimedOut;
  const state = isStopped ? 'failed' : outcomeOf(plan, ends);
  const reason = isCancelled ? 'cancelled' : isTimedOut ? timedOut(timeoutMs) : reasonOf(plan, ends);
  // Closing is not cancelled with the run: its row must not stay open.
  await CancellationScope.nonCancellable(async () => {
    const outlets = updatedBy(plan, state, ends);
    const updates = outlets.length === 0 ? {} : { outlets };
    await closeRun({ dagId, runId, attempt, state, reason, ends, ...updates });
    makeFindable(input.searchAttributes, { TidegateState: isCancelled ? 'cancelled' : state });
  });
  if (isCancelled) throw new CancelledFailure('the run was cancelled');
  if (state === 'failed') throw ApplicationFailure.nonRetryable(`the run failed: ${reason}`, 'RunFailed');
}

/** Runs what can be run, and notes how each task ended. @returns whether it was stopped before its end */
async function runTasks(input: DagRunInput, ends: Record<TaskId, TaskEnd>): Promise<boolean> {
  const tasks = new Map(input.plan.tasks.map((task) => [task.id, task]));
  const most = Math.min(input.plan.maxActiveTasks ?? maxPendingTasks, maxPendingTasks);
  const started = new Set<TaskId>();
  let pending = 0;
  let finished = 0;
  let isCancelled = false;

  const start = async (task: TaskPlan): Promise<void> => {
    started.add(task.id);
    pending += 1;
    const end = await runTask(input, task);
    if (end === 'cancelled') isCancelled = true;
    ends[task.id] = end === 'cancelled' ? 'failed' : end;
    pending -= 1;
    finished += 1;
  };

  try {
    for (;;) {
      const { ready, settled } = step(input.plan, ends);
      Object.assign(ends, settled);
      for (const id of ready) {
        const task = tasks.get(id);
        if (task !== undefined && !started.has(id) && pending < most) void start(task);
      }
      setCurrentDetails(runDetails(input.plan, ends, started));
      if (pending === 0) return isCancelled;
      const before = finished;
      await condition(() => finished > before);
      if (isCancelled) break;
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  // Tasks were told to stop; the run ends when they have.
  await CancellationScope.nonCancellable(() => condition(() => pending === 0));
  return true;
}

async function runTask(input: DagRunInput, task: TaskPlan): Promise<TaskEnd | 'cancelled'> {
  const { dagId, runId, attempt } = input;
  const { id: taskId, needs, retries, timeoutMs } = task;
  const type = taskActivityType(dagId, taskId);
  const { [type]: run } = proxyActivities<Record<string, (task: RunTask) => Promise<TaskResult>>>({
    activityId: taskId,
    startToCloseTimeout: timeoutMs === null ? unlimited : timeoutMs + graceMs,
    heartbeatTimeout: task.heartbeatTimeoutMs,
    // A cancelled run ends when its tasks have stopped, not when they were told to.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // Lost workers are replaced without limit; failures of the author's code are counted, and spaced, by the task itself.
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
    summary: summary(
      task.outlets.length === 0 ? taskId : `${taskId} → ${task.outlets.map(titleOf).join(', ')}`,
    ),
    ...(task.taskQueue === null ? {} : { taskQueue: task.taskQueue }),
    ...(task.priority === undefined ? {} : { priority: temporalPriority(task.priority) }),
  });
  if (run === undefined) throw new Error(`no activity ${type}`);
  try {
    const result = await run({ dagId, runId, attempt, taskId, needs, retries, timeoutMs });
    return result.state;
  } catch (error) {
    if (isCancellation(error)) return 'cancelled';
    if (error instanceof ActivityFailure) return 'failed';
    throw error;
  }
}

/** The same in Temporal's words. */
function temporalPriority({ level, fairnessKey, fairnessWeight }: TaskPriority) {
  return {
    ...(level === undefined ? {} : { priorityKey: level }),
    ...(fairnessKey === undefined ? {} : { fairnessKey }),
    ...(fairnessWeight === undefined ? {} : { fairnessWeight }),
  };
}

function timedOut(timeoutMs = 0): string {
  return `it took longer than its time-out of ${timeoutMs / 1_000} s`;
}

function reasonOf({ tasks }: RunPlan, ends: Readonly<Record<TaskId, TaskEnd>>): string | null {
  const failed = tasks.filter(({ id }) => ends[id] === 'failed').map(({ id }) => id);
  if (failed.length === 0) return null;
  return `task ${failed.slice(0, 5).join(', ')}${failed.length > 5 ? ` and ${failed.length - 5} more` : ''} failed`;
}
