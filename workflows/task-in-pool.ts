import type { TaskPlan } from '../core/run-plan.ts';
import type { SlotUser, Slots } from './pool-slots.ts';
import { type EndedTask, endOfFailure, type RunReference, runTask, type TaskCall } from './task-activity.ts';

/** How a task comes by slots of its pool. */
export interface PoolAccess extends Pick<SlotUser, 'onWait'> {
  readonly slots: Slots;
}

/** Runs a task, or an instance of a mapped one, with all of its tries, while it holds what it says of its pool. */
export async function runTaskInPool(
  run: RunReference,
  task: TaskPlan,
  { slots, call: given, ...user }: PoolAccess & { readonly call?: TaskCall },
): Promise<EndedTask> {
  const { id: taskId, pool } = task;
  const call = { ...given, inTurn: slots.inTurn };
  if (pool === undefined) return runTask(run, task, call);
  const mapIndex = call.mapIndex === undefined ? {} : { mapIndex: call.mapIndex };
  const slotUser = { run, taskId, ...mapIndex, ...user };
  try {
    const taken = await slots.take(pool, slotUser);
    if (taken.kind === 'failed') return { end: 'failed' };
  } catch (error) {
    return { end: endOfFailure(error) };
  }
  try {
    return await runTask(run, task, call);
  } finally {
    await slots.giveBack(pool, slotUser);
  }
}
