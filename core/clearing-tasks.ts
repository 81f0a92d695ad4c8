import { didYouMean } from './did-you-mean.ts';
import { TidegateError } from './errors.ts';
import { quote, type TaskId } from './ids.ts';
import type { RunPlan, TaskEnd } from './run-plan.ts';

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
  const isBehind = new Set<TaskId>();
  // Each comes after those it needs, so one round does.
  for (const { id, needs } of tasks) {
    const own = ended.get(id);
    if (needs.some((need) => again.has(need) || isBehind.has(need))) isBehind.add(id);
    if (own === undefined || (own.isDecided && isBehind.has(id))) again.add(id);
  }
  const ids = tasks.map(({ id }) => id);
  return { again: ids.filter((id) => again.has(id)), kept: ids.filter((id) => !again.has(id)) };
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
  const wanted = new Set(named);
  if (wish.downstream) {
    for (const { id, needs } of tasks) if (needs.some((need) => wanted.has(need))) wanted.add(id);
  }
  if (wish.upstream) {
    const before = new Set(named);
    for (const { id, needs } of tasks.toReversed())
      if (before.has(id)) for (const need of needs) before.add(need);
    for (const id of before) wanted.add(id);
  }
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
