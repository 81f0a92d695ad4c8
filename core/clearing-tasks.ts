import { didYouMean } from './did-you-mean.ts';
import { TidegateError } from './errors.ts';
import { quote, type TaskId } from './ids.ts';
import { mappedTasks } from './mapped-items.ts';
import type { RunPlan, TaskEnd, TaskPlan } from './run-plan.ts';

/** Which tasks of a run that has ended are to run again. */
export interface TaskWish {
  /** `null` is all of them. */
  readonly tasks: readonly string[] | null;
  /** Also what lies behind them. */
  readonly downstream: boolean;
  /** Also what they lie behind. */
  readonly upstream: boolean;
  /** Of all these, only what failed, could not start because of a failure, or was never come to. */
  readonly onlyFailed: boolean;
}

/** How a task of a run ended. */
export interface EndedTask {
  readonly end: TaskEnd;
  /** Whether a rule decided it: it never started, and nobody gave it this end by hand. */
  readonly isDecided: boolean;
}

/** What becomes of the tasks of a run that runs again, each in the order of the plan. */
export interface TaskClearing {
  readonly again: readonly TaskId[];
  /** They keep their ends and results. */
  readonly kept: readonly TaskId[];
  /** Mapped tasks of which only those instances run again that did not succeed. */
  readonly keptInstances: readonly TaskId[];
}

/**
 * Decides which tasks run again: those that were wished for; those that a rule decided, where something runs again before them; and those that
 * have no end yet.
 * @throws TidegateError `unknown_task` with the nearest name, `run_conflict` when nothing is left of the wish
 */
export function clearTasks(
  { tasks }: RunPlan,
  ended: ReadonlyMap<TaskId, EndedTask>,
  wish: TaskWish,
): TaskClearing {
  const wished = wishedFor(tasks, wish);
  const chosen = wish.onlyFailed ? wished.filter((id) => isFailed(ended.get(id))) : wished;
  if (chosen.length === 0) throw nothingToClear(wish);
  const again = new Set(chosen);
  // What is set up anew may have decided tasks behind it.
  for (let size = -1; size !== again.size;) {
    size = again.size;
    addDecided(tasks, ended, again);
    addSetUps(tasks, again);
  }
  const ids = tasks.map(({ id }) => id);
  const keepsInstances = ({ id, shape }: TaskPlan): boolean =>
    wish.onlyFailed &&
    shape?.kind === 'mapped' &&
    again.has(id) &&
    !mappedTasks(shape.over).some((one) => again.has(one));
  return {
    again: ids.filter((id) => again.has(id)),
    kept: ids.filter((id) => !again.has(id)),
    keptInstances: tasks.filter(keepsInstances).map(({ id }) => id),
  };
}

/** Adds what a rule decided, where something runs again before it, and what has no end yet. */
function addDecided(
  tasks: RunPlan['tasks'],
  ended: ReadonlyMap<TaskId, EndedTask>,
  again: Set<TaskId>,
): void {
  const isBehind = new Set<TaskId>();
  // Each comes after those it needs, so one round does.
  for (const { id, needs } of tasks) {
    const own = ended.get(id);
    if (needs.some((need) => again.has(need) || isBehind.has(need))) isBehind.add(id);
    if (own === undefined || (own.isDecided && isBehind.has(id))) again.add(id);
  }
}

/** Adds set-ups and tear-downs around what runs again: by now nothing is set up. */
function addSetUps(tasks: RunPlan['tasks'], again: Set<TaskId>): void {
  for (const { id, teardownOf } of tasks) {
    if (teardownOf === undefined) continue;
    const behind = behindAny(tasks, teardownOf);
    const before = beforeAny(tasks, [id]);
    const isAround = (one: TaskId): boolean => behind.has(one) && before.has(one);
    if (![...again].some((one) => one === id || teardownOf.includes(one) || isAround(one))) continue;
    for (const one of [...teardownOf, id]) again.add(one);
  }
}

/** These, and what lies behind them. */
function behindAny(tasks: RunPlan['tasks'], ids: readonly TaskId[]): ReadonlySet<TaskId> {
  const behind = new Set(ids);
  for (const { id, needs } of tasks) if (needs.some((need) => behind.has(need))) behind.add(id);
  return behind;
}

/** These, and what they lie behind. */
function beforeAny(tasks: RunPlan['tasks'], ids: readonly TaskId[]): ReadonlySet<TaskId> {
  const before = new Set(ids);
  for (const { id, needs } of tasks.toReversed())
    if (before.has(id)) for (const need of needs) before.add(need);
  return before;
}

function isFailed(task: EndedTask | undefined): boolean {
  return task === undefined || task.end === 'failed' || task.end === 'upstream_failed';
}

function wishedFor(tasks: RunPlan['tasks'], wish: TaskWish): readonly TaskId[] {
  const ids = tasks.map(({ id }) => id);
  const unknown = wish.tasks?.find((named) => !ids.some((id) => id === named));
  if (unknown !== undefined) {
    throw new TidegateError(
      'unknown_task',
      `the run has no task ${quote(unknown)}: ${didYouMean(unknown, ids)}`,
    );
  }
  const named = new Set(ids.filter((id) => wish.tasks?.includes(id) ?? true));
  const wanted = new Set([
    ...named,
    ...(wish.downstream ? behindAny(tasks, [...named]) : []),
    ...(wish.upstream ? beforeAny(tasks, [...named]) : []),
  ]);
  return ids.filter((id) => wanted.has(id));
}

function nothingToClear({ tasks, onlyFailed }: TaskWish): TidegateError {
  const none = tasks?.length === 0;
  return new TidegateError(
    'run_conflict',
    onlyFailed && !none
      ? 'none of these tasks failed: to run them again all the same, ask for more than what failed (`tidegate runs rerun`)'
      : 'no task was named: name one, or leave tasks out for all of them',
  );
}
