import {
  CancellationScope,
  condition,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { TaskId } from '../core/ids.ts';
import { runDetails } from '../core/run-details.ts';
import {
  maxPendingTasks,
  owedTeardowns,
  type RunPlan,
  step,
  type TaskEnd,
  type TaskPlan,
} from '../core/run-plan.ts';
import { skippedBy } from '../core/task-shape.ts';
import { runMapped } from './mapped-task.ts';
import { isMarkedTask, taskMarkedSignal } from './messages.ts';
import type { Slots } from './pool-slots.ts';
import type { EndedTask, RunReference } from './task-activity.ts';
import { type PoolAccess, runTaskInPool } from './task-in-pool.ts';
import { runWait } from './wait-task.ts';

/** A run with what it executes. */
export interface PlannedRun extends RunReference {
  readonly plan: RunPlan;
}

/** What becomes of the tasks of a run, and what they need. */
export interface Course {
  /** How each task ended that did. */
  readonly ends: Record<TaskId, TaskEnd>;
  /** Which of these ends somebody gave by hand. */
  readonly marked: Map<TaskId, TaskEnd>;
  readonly slots: Slots;
}

/** Runs what can be run, and notes how each task ended. @returns whether it was stopped before its end */
export async function runTasks(run: PlannedRun, { ends, marked, slots }: Course): Promise<boolean> {
  const { plan } = run;
  const tasks = new Map(plan.tasks.map((task) => [task.id, task]));
  const most = Math.min(plan.maxActiveTasks ?? maxPendingTasks, maxPendingTasks);
  const started = new Set<TaskId>();
  const waiting = new Map<TaskId, string>();
  const show = (): void => setCurrentDetails(runDetails(plan, ends, { started, waiting }));
  const noteWait = (id: TaskId, why: string | null): void => {
    if (why === null) waiting.delete(id);
    else waiting.set(id, why);
    show();
  };
  let pending = 0;
  let finished = 0;
  let isCancelled = false;
  const scopes = new Map<TaskId, CancellationScope>();
  setHandler(taskMarkedSignal, (mark: unknown) => {
    if (!isMarkedTask(mark) || !tasks.has(mark.taskId))
      return log.warn('malformed taskMarked signal dropped');
    const { taskId, state } = mark;
    if (ends[taskId] !== undefined) return undefined;
    marked.set(taskId, state);
    // One that runs is told to stop, and has ended when it has.
    if (started.has(taskId)) return scopes.get(taskId)?.cancel();
    started.add(taskId);
    ends[taskId] = state;
    finished += 1;
    return undefined;
  });

  const start = async (task: TaskPlan): Promise<void> => {
    started.add(task.id);
    pending += 1;
    // Instances of a mapped task take what is free when it is known how many they are.
    let taken = 1;
    const scope = new CancellationScope();
    scopes.set(task.id, scope);
    const pools = { slots, onWait: (why: string | null) => noteWait(task.id, why) };
    const { end, choice } = await scope.run(() =>
      runShaped(run, task, pools, (count) => {
        const more = Math.min(count, most - pending + 1) - 1;
        taken += more;
        pending += more;
        return taken;
      }),
    );
    scopes.delete(task.id);
    const byHand = marked.get(task.id);
    if (end === 'cancelled' && byHand === undefined) isCancelled = true;
    ends[task.id] = byHand ?? (end === 'cancelled' ? 'failed' : end);
    if (choice !== undefined) Object.assign(ends, skippedBy(plan, task.id, choice));
    pending -= taken;
    finished += 1;
  };

  try {
    for (;;) {
      const { ready, settled } = step(plan, ends);
      Object.assign(ends, settled);
      for (const id of ready) {
        const task = tasks.get(id);
        if (task !== undefined && !started.has(id) && pending < most) void start(task);
      }
      show();
      if (pending === 0) return isCancelled;
      const before = finished;
      await condition(() => finished > before);
      if (isCancelled) break;
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
  // Tasks were told to stop; the run ends when they have.
  await CancellationScope.nonCancellable(async () => {
    await condition(() => pending === 0);
    await tearDown(run, ends, slots);
  });
  return true;
}

/** What was set up is torn down, whatever happened; one after the other, as they come in the plan. */
async function tearDown(run: PlannedRun, ends: Record<TaskId, TaskEnd>, slots: Slots): Promise<void> {
  for (const task of owedTeardowns(run.plan, ends)) {
    const { end } = await runTaskInPool(run, task, { slots });
    ends[task.id] = end === 'cancelled' ? 'failed' : end;
  }
}

/** @param take - takes room for so many instances, at least one. @returns how much it got */
function runShaped(
  run: PlannedRun,
  task: TaskPlan,
  pools: PoolAccess,
  take: (count: number) => number,
): Promise<EndedTask> {
  const { inTurn } = pools.slots;
  const tellsRetries = run.plan.callbacks?.some(({ on }) => on === 'retry') === true;
  switch (task.shape?.kind) {
    case 'mapped':
      return runMapped(run, task, { over: task.shape.over, take, tellsRetries, inTurn });
    case 'wait':
      return runWait(run, task.id, task.shape, inTurn);
    default:
      return runTaskInPool(run, task, { ...pools, call: { tellsRetries } });
  }
}
