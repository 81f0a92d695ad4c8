import { type EndedInstances, whyNotAlone } from './clearing-instances.ts';
import { TidegateError } from './errors.ts';
import type { TaskId } from './ids.ts';
import type { RunPlan, TaskEnd } from './run-plan.ts';
import { beforeAny, behindAny } from './task-reach.ts';
import { type TaskWish, type Wished, wishedFor } from './task-wish.ts';

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
  /** Mapped tasks of which only these instances run again, in their order; all others keep their ends and results. */
  readonly instances: Readonly<Record<TaskId, readonly number[]>>;
}

type Ended = ReadonlyMap<TaskId, EndedTask>;
type Instances = ReadonlyMap<TaskId, EndedInstances>;

/**
 * Decides which tasks run again: those that were wished for; those that a rule decided, where something runs again before them; and those that
 * have no end yet. Instances that have no end run with whatever else runs again of their task.
 * @param seen - instances of the mapped tasks that have some
 * @throws TidegateError `unknown_task` with the nearest name, `invalid_input` for an instance of a task that is not mapped, `run_conflict` when nothing
 * is left of the wish, or instances cannot run again alone
 */
export function clearTasks(
  { tasks }: RunPlan,
  ended: Ended,
  wish: TaskWish,
  seen: Instances = new Map(),
): TaskClearing {
  const wished = wishedFor(tasks, wish, seen);
  const chosen = tasks.filter(({ id }) => isLeft(id, wished, { ended, seen }));
  if (chosen.length === 0) throw nothingToClear(wish, seen);
  const again = new Set(chosen.map(({ id }) => id));
  const anew = new Set<TaskId>();
  // What is set up anew may have decided tasks behind it.
  for (let size = -1; size !== again.size;) {
    size = again.size;
    addDecided(tasks, ended, again);
    addSetUps(tasks, again, anew);
  }
  const ids = tasks.map(({ id }) => id);
  return {
    again: ids.filter((id) => again.has(id)),
    kept: ids.filter((id) => !again.has(id)),
    instances: someOf(tasks, wished, { again, anew, seen }),
  };
}

/** Of which mapped tasks only some instances run again. */
function someOf(
  tasks: RunPlan['tasks'],
  wished: Wished,
  {
    again,
    anew,
    seen,
  }: { readonly again: Set<TaskId>; readonly anew: Set<TaskId>; readonly seen: Instances },
): TaskClearing['instances'] {
  const some: Record<TaskId, readonly number[]> = {};
  for (const task of tasks) {
    const of = seen.get(task.id);
    if (of === undefined || !again.has(task.id)) continue;
    const problem = whyNotAlone(task, of, { again, anew });
    if (problem !== undefined && wished.instances.has(task.id)) throw conflict(problem);
    const instances =
      problem === undefined && (!wished.whole.has(task.id) || wished.onlyFailed)
        ? instancesOf(task.id, of, wished)
        : undefined;
    if (instances !== undefined) some[task.id] = instances;
  }
  return some;
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
function addSetUps(tasks: RunPlan['tasks'], again: Set<TaskId>, anew: Set<TaskId>): void {
  for (const { id, teardownOf } of tasks) {
    if (teardownOf === undefined) continue;
    const behind = behindAny(tasks, teardownOf);
    const before = beforeAny(tasks, [id]);
    const isAround = (one: TaskId): boolean => behind.has(one) && before.has(one);
    if (![...again].some((one) => one === id || teardownOf.includes(one) || isAround(one))) continue;
    for (const one of [...teardownOf, id]) {
      again.add(one);
      anew.add(one);
    }
  }
}

function isFailed(task: EndedTask | undefined): boolean {
  return task === undefined || task.end === 'failed' || task.end === 'upstream_failed';
}

function isFailedInstance({ ends }: EndedInstances, index: number): boolean {
  const end = ends.get(index);
  return end === undefined || end === 'failed';
}

/** Whether something of a task is left of the wish. */
function isLeft(
  id: TaskId,
  { whole, named, instances, onlyFailed }: Wished,
  { ended, seen }: { readonly ended: Ended; readonly seen: Instances },
): boolean {
  const of = seen.get(id);
  if (!whole.has(id)) {
    const some = instances.get(id);
    if (some === undefined || of === undefined) return false;
    return !onlyFailed || [...some].some((index) => isFailedInstance(of, index));
  }
  if (!onlyFailed || isFailed(ended.get(id))) return true;
  return named.has(id) && of !== undefined && hasFailed(of);
}

/** Which instances run again of a task of which not all have to; `undefined` where all do. */
function instancesOf(
  id: TaskId,
  of: EndedInstances,
  { whole, instances, onlyFailed }: Wished,
): readonly number[] | undefined {
  const some = instances.get(id);
  const isAgain = (index: number): boolean => {
    if (!of.ends.has(index)) return true;
    if (onlyFailed && !isFailedInstance(of, index)) return false;
    return whole.has(id) || some?.has(index) === true;
  };
  const again = Array.from({ length: of.count }, (_, index) => index).filter(isAgain);
  return again.length === of.count ? undefined : again;
}

function nothingToClear({ tasks, onlyFailed }: TaskWish, seen: Instances): TidegateError {
  if (!onlyFailed || tasks?.length === 0)
    return conflict('no task was named: name one, or leave tasks out for all of them');
  const tolerant = [...seen].find(([, of]) => hasFailed(of))?.[0];
  const remedy =
    tolerant === undefined
      ? ''
      : `; to run only those instances again that failed of ${tolerant}, which tolerates them, name it`;
  return conflict(
    `none of these tasks failed: to run them again all the same, ask for more than what failed (\`tidegate runs rerun\`)${remedy}`,
  );
}

function hasFailed({ ends }: EndedInstances): boolean {
  return [...ends.values()].includes('failed');
}

function conflict(message: string): TidegateError {
  return new TidegateError('run_conflict', message);
}
