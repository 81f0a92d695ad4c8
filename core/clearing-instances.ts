import { TidegateError } from './errors.ts';
import { quote, type TaskId } from './ids.ts';
import { expand, type Items, mappedTasks } from './mapped-items.ts';
import type { TaskPlan } from './run-plan.ts';
import type { InstanceEnd } from './task-shape.ts';

/** A task as a whole, or one instance of a mapped task; Airflow's spelling. */
export type NamedTask = string | readonly [task: string, mapIndex: number];

/** The instances of a mapped task in a run that has ended. */
export interface EndedInstances {
  /** How many there are, whether the run came to them or not. */
  readonly count: number;
  /** How those ended that have, by their index. */
  readonly ends: ReadonlyMap<number, InstanceEnd>;
  /** Whether what it is mapped over changed behind them: at the same index there may be another item now. */
  readonly isOutdated: boolean;
}

/** What is known of a mapped task that has instances, or may have some. */
export interface SeenInstances {
  readonly ends: ReadonlyMap<number, InstanceEnd>;
  /** Earliest attempt in which one of them ran. */
  readonly ranIn: number;
  /** Each list that it is mapped over, in the order of {@link expand}. */
  readonly items: readonly Items[];
  /** First attempt that saw these lists as they are now. */
  readonly itemsSince: number;
}

/** Judges how many instances a mapped task has; `undefined` where it has none and can have none. */
export function judgeInstances(
  { id, shape }: TaskPlan,
  { ends, ranIn, items, itemsSince }: SeenInstances,
): EndedInstances | undefined {
  if (shape?.kind !== 'mapped') return undefined;
  const expanded = expand({ taskId: id, over: shape.over }, items);
  const count = expanded.kind === 'instances' ? expanded.count : 0;
  if (ends.size === 0) return count === 0 ? undefined : { count, ends, isOutdated: false };
  const behindLast = Math.max(...ends.keys()) + 1;
  const isOutdated = itemsSince > ranIn || behindLast > count;
  return { count: Math.max(count, behindLast), ends, isOutdated };
}

/**
 * Makes sure that a mapped task has the instance that somebody named.
 * @throws TidegateError `invalid_input` where the task is not mapped, `run_conflict` where it has no instances, `unknown_task` where it has others
 */
export function requireInstance(
  { id, shape }: TaskPlan,
  instances: EndedInstances | undefined,
  mapIndex: number,
): void {
  const named = `${quote(id)} with map index ${mapIndex}`;
  if (shape?.kind !== 'mapped')
    throw new TidegateError(
      'invalid_input',
      `task ${named} is not mapped, so it has no instances: name it without a map index`,
    );
  if (instances === undefined)
    throw new TidegateError(
      'run_conflict',
      `task ${named}: it has no instances in this run, as it was ended before it had any: name it without a map index`,
    );
  if (mapIndex >= 0 && mapIndex < instances.count) return;
  throw new TidegateError(
    'unknown_task',
    `task ${named}: this run has ${instances.count} instances of it, from 0 to ${instances.count - 1}`,
  );
}

/**
 * Rows of a task that a mark is about: the instance that is named; all instances there are, whether the run came to them or not; or -1, the task
 * itself, where it has none.
 * @throws TidegateError as {@link requireInstance} does
 */
export function indexesToMark(
  task: TaskPlan,
  instances: EndedInstances | undefined,
  mapIndex: number | undefined,
): readonly number[] {
  if (mapIndex !== undefined) {
    requireInstance(task, instances, mapIndex);
    return [mapIndex];
  }
  if (instances === undefined || instances.ends.size === 0) return [-1];
  const { count, ends, isOutdated } = instances;
  return isOutdated ? [...ends.keys()] : Array.from({ length: count }, (_, index) => index);
}

/** Why instances of a task cannot run again without all others; `undefined` where they can. */
export function whyNotAlone(
  { id, shape }: TaskPlan,
  instances: EndedInstances | undefined,
  { again, anew }: { readonly again: ReadonlySet<TaskId>; readonly anew: ReadonlySet<TaskId> },
): string | undefined {
  const remedy = 'name it without a map index, and all of them do';
  const alone = `instances of task ${quote(id)} cannot run again alone`;
  const over = shape?.kind === 'mapped' ? mappedTasks(shape.over).find((one) => again.has(one)) : undefined;
  if (over !== undefined)
    return `${alone}, as task ${quote(over)}, which it is mapped over, runs again as well: ${remedy}`;
  if (anew.has(id)) return `${alone}, as what it sets up or tears down is set up anew: ${remedy}`;
  if (instances?.isOutdated === true)
    return `${alone}, as what it is mapped over changed since they ran, and they may be of other items now: ${remedy}`;
  return undefined;
}
