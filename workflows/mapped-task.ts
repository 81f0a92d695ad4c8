import {
  CancellationScope,
  CancelledFailure,
  ChildWorkflowFailure,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { type KeptInstances, withKept } from '../core/kept-instances.ts';
import type { TaskPlan } from '../core/run-plan.ts';
import { endOfInstances, type InstanceEnd, type InstanceEnds, type MappedOver } from '../core/task-shape.ts';
import { mappedWorkflowId, summary } from '../core/workflow-names.ts';
import { expandTask } from './local-activities.ts';
import { type InTurn, oneByOne } from './one-by-one.ts';
import { listenForSlots } from './pool-slots.ts';
import type { EndedTask, RunReference } from './task-activity.ts';
import { runTaskInPool } from './task-in-pool.ts';

export interface MappedTaskInput extends RunReference {
  readonly task: TaskPlan;
  /** Instances in all. */
  readonly count: number;
  /** Most that are under way at a time. */
  readonly window: number;
  readonly tellsRetries?: boolean;
  /** The first that has not been started. */
  readonly next: number;
  /** How those before it ended that ran. */
  readonly ended: InstanceEnds;
  /** Instances that keep their ends of an attempt before; absent where all run. */
  readonly kept?: KeptInstances;
}

const none: InstanceEnds = { success: 0, failed: 0, skipped: 0 };

/** What a task is mapped over, and with how much room. */
interface Mapping {
  readonly inTurn: InTurn;
  readonly over: MappedOver;
  /** Takes room for so many instances, at least one. @returns how much it got */
  readonly take: (count: number) => number;
  readonly tellsRetries: boolean;
}

/** Expands a mapped task, and runs its instances in a workflow of their own, whose history does not grow with them. */
export async function runMapped(
  run: RunReference,
  task: TaskPlan,
  { over, take, tellsRetries, inTurn }: Mapping,
): Promise<EndedTask> {
  const { dagId, runId, attempt } = run;
  try {
    const expansion = await inTurn(() => expandTask({ dagId, runId, attempt, taskId: task.id, over }));
    if (expansion.kind === 'failed') return { end: 'failed' };
    const { count, kept } = expansion;
    if (count === 0) return { end: 'skipped' };
    const expanded: TaskPlan =
      expansion.over === undefined
        ? task
        : { ...task, shape: { ...task.shape, kind: 'mapped', over: expansion.over } };
    const input: MappedTaskInput = {
      ...{ dagId, runId, attempt, task: expanded, count, window: take(kept?.again.length ?? count) },
      ...{ next: 0, ended: none, ...(tellsRetries ? { tellsRetries } : {}) },
      ...(kept === undefined ? {} : { kept }),
    };
    const ended = await executeChild(mappedTask, {
      workflowId: mappedWorkflowId(dagId, runId, attempt, task.id),
      args: [input],
      // A run that is cancelled ends when its tasks have stopped; one that is terminated takes them along.
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      staticSummary: summary(`${task.id} of ${dagId} ${runId}, ${count} instances`),
    });
    return { end: endOfInstances(ended, task.shape) };
  } catch (error) {
    if (isCancellation(error)) return { end: 'cancelled' };
    // Somebody terminated it.
    if (error instanceof ChildWorkflowFailure) return { end: 'failed' };
    throw error;
  }
}

/** The instances of a mapped task, so many at a time. It fails only by being cancelled: failed instances are counted. */
export async function mappedTask(input: MappedTaskInput): Promise<InstanceEnds> {
  const { task, count, window, kept, tellsRetries = false } = input;
  const indexes = kept?.again ?? Array.from({ length: count }, (_, index) => index);
  const slots = listenForSlots(oneByOne());
  const ended: Record<InstanceEnd, number> = { ...input.ended };
  const following = indexes.findIndex((index) => index >= input.next);
  let place = following === -1 ? indexes.length : following;
  let pending = 0;
  let isCancelled = false;

  let waiting = 0;
  const show = (): void => setCurrentDetails(detailsOf(input, ended, waiting));
  const onWait = (why: string | null): void => {
    waiting += why === null ? -1 : 1;
    show();
  };
  const start = async (mapIndex: number): Promise<void> => {
    pending += 1;
    const { end } = await runTaskInPool(input, task, { slots, onWait, call: { mapIndex, tellsRetries } });
    pending -= 1;
    if (end === 'cancelled') isCancelled = true;
    else if (end !== 'upstream_failed') ended[end] += 1;
  };

  const startable = (): number | undefined =>
    pending < window && !workflowInfo().continueAsNewSuggested ? indexes[place] : undefined;
  try {
    for (;;) {
      for (let index = startable(); index !== undefined; index = startable()) {
        void start(index);
        place += 1;
      }
      show();
      if (pending === 0) break;
      const before = pending;
      await condition(() => pending < before);
      if (isCancelled) break;
    }
  } catch (error) {
    if (!isCancellation(error)) throw error;
    isCancelled = true;
  }
  if (isCancelled) {
    // They were told to stop; it ends when they have.
    await CancellationScope.nonCancellable(() => condition(() => pending === 0));
    throw new CancelledFailure('the run was cancelled');
  }
  const next = indexes[place];
  return next === undefined
    ? withKept(ended, kept)
    : continueAsNew<typeof mappedTask>({ ...input, next, ended });
}

function detailsOf({ task, count, kept }: MappedTaskInput, ended: InstanceEnds, waiting: number): string {
  const { success, failed, skipped } = withKept(ended, kept);
  const queued = waiting === 0 ? '' : `, ${waiting} queued for pool ${task.pool?.name ?? ''}`;
  return `${task.id}: ${success + failed + skipped} of ${count} instances ended: ${success} success, ${failed} failed, ${skipped} skipped${queued}`;
}
