import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { RunTask, TaskResult } from '../activities/index.ts';
import type { CallbackCause } from '../core/callback.ts';
import { type DagId, instanceName, type RunId } from '../core/ids.ts';
import type { TaskEnd, TaskPlan } from '../core/run-plan.ts';
import type { TaskPriority } from '../core/task-priority.ts';
import type { Choice } from '../core/task-shape.ts';
import { titleOf } from '../core/source.ts';
import { summary, taskActivityType } from '../core/workflow-names.ts';
import { failUnstarted } from './local-activities.ts';
import { atOnce, type InTurn } from './one-by-one.ts';

/** The attempt of a run that a task is of. */
export interface RunReference {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
}

/** How a task ended, and what it decided about those behind it. */
export interface EndedTask {
  readonly end: TaskEnd | 'cancelled';
  readonly choice?: Choice;
}

/** A try that hears nothing of its own limit is bounded by this. */
const unlimited = '365 days';
/** What a try may take beyond its time-out to stop by itself, before Temporal gives it to another worker. */
const graceMs = 30_000;

/** Which run of a task it is, where there is more than one. */
export interface TaskCall {
  /** Which instance of a mapped task, or which call of a callback. */
  readonly mapIndex?: number;
  /** What a callback is called for. */
  readonly cause?: CallbackCause;
  /** Whether the run is told of tries that fail. */
  readonly tellsRetries?: boolean;
  /** @defaultValue at once */
  readonly inTurn?: InTurn;
}

/** Runs a task, or an instance of a mapped one, on some worker. */
export async function runTask(
  { dagId, runId, attempt }: RunReference,
  task: TaskPlan,
  { mapIndex, cause, tellsRetries = false, inTurn = atOnce }: TaskCall = {},
): Promise<EndedTask> {
  const { id: taskId, needs, retries, timeoutMs, cancelGraceMs, shape } = task;
  const type = taskActivityType(dagId, taskId);
  const name = instanceName(taskId, mapIndex);
  const { [type]: run } = proxyActivities<Record<string, (task: RunTask) => Promise<TaskResult>>>({
    activityId: name,
    startToCloseTimeout: timeoutMs === null ? unlimited : timeoutMs + graceMs,
    ...(task.startTimeoutMs === undefined ? {} : { scheduleToStartTimeout: task.startTimeoutMs }),
    heartbeatTimeout: task.heartbeatTimeoutMs,
    // A cancelled run ends when its tasks have stopped, not when they were told to.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // Lost workers are replaced without limit; failures of the author's code are counted, and spaced, by the task itself.
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
    summary: summary(task.outlets.length === 0 ? name : `${name} → ${task.outlets.map(titleOf).join(', ')}`),
    ...(task.taskQueue === null ? {} : { taskQueue: task.taskQueue }),
    ...(task.priority === undefined ? {} : { priority: temporalPriority(task.priority) }),
  });
  if (run === undefined) throw new Error(`no activity ${type}`);
  const special = {
    ...(shape === undefined ? {} : { shape }),
    ...(mapIndex === undefined ? {} : { mapIndex }),
    ...(cause === undefined ? {} : { cause }),
    ...(tellsRetries ? { tellsRetries } : {}),
    ...(cancelGraceMs === undefined ? {} : { cancelGraceMs }),
  };
  try {
    return endedBy(await run({ dagId, runId, attempt, taskId, ...special, needs, retries, timeoutMs }));
  } catch (error) {
    if (!isUnstarted(error)) return { end: endOfFailure(error) };
    // No worker was there to write it down.
    const unstarted = { dagId, runId, attempt, task, ...(mapIndex === undefined ? {} : { mapIndex }) };
    const result = await CancellationScope.nonCancellable(() => inTurn(() => failUnstarted(unstarted)));
    return result === undefined ? { end: 'failed' } : endedBy(result);
  }
}

function endedBy({ state, choice }: TaskResult): EndedTask {
  return { end: state, ...(choice === undefined ? {} : { choice }) };
}

/** Whether no worker took it in time. */
function isUnstarted(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

/** @throws what is neither a cancellation nor a failure of the task */
export function endOfFailure(error: unknown): 'cancelled' | 'failed' {
  if (isCancellation(error)) return 'cancelled';
  if (error instanceof ActivityFailure) return 'failed';
  throw error;
}

/** The same in Temporal's words. */
function temporalPriority({ level, fairnessKey, fairnessWeight }: TaskPriority) {
  return {
    ...(level === undefined ? {} : { priorityKey: level }),
    ...(fairnessKey === undefined ? {} : { fairnessKey }),
    ...(fairnessWeight === undefined ? {} : { fairnessWeight }),
  };
}
