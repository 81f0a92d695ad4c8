import { type EndedInstances, type NamedTask, requireInstance } from './clearing-instances.ts';
import { didYouMean } from './did-you-mean.ts';
import { TidegateError } from './errors.ts';
import { quote, type TaskId } from './ids.ts';
import type { RunPlan } from './run-plan.ts';
import { beforeAny, behindAny } from './task-reach.ts';

/** Which tasks of a run that has ended are to run again. */
export interface TaskWish {
  /** `null` is all of them. A task that is named as a whole and by instances is wished for as a whole. */
  readonly tasks: readonly NamedTask[] | null;
  /** Also what lies behind them. */
  readonly downstream: boolean;
  /** Also what they lie behind. */
  readonly upstream: boolean;
  /**
   * Of all these, only what failed, could not start because of a failure, or was never come to. A task that succeeded though instances of it
   * failed is meant where it is named.
   */
  readonly onlyFailed: boolean;
}

/** A wish, task by task. */
export interface Wished {
  /** Wished for as a whole, because they were named so or by what else is asked for. */
  readonly whole: ReadonlySet<TaskId>;
  /** Those of them that were named. */
  readonly named: ReadonlySet<TaskId>;
  /** Instances that were named of others; they are all that is wished for of their task, also where it lies behind or before others. */
  readonly instances: ReadonlyMap<TaskId, ReadonlySet<number>>;
  readonly onlyFailed: boolean;
}

/**
 * Finds the tasks of a plan that a wish is about.
 * @param seen - instances of the mapped tasks that have some
 * @throws TidegateError `unknown_task` with the nearest name, `invalid_input`, `run_conflict`
 */
export function wishedFor(
  tasks: RunPlan['tasks'],
  { tasks: wishes, downstream, upstream, onlyFailed }: TaskWish,
  seen: ReadonlyMap<TaskId, EndedInstances>,
): Wished {
  const byId = new Map<string, RunPlan['tasks'][number]>(tasks.map((task) => [task.id, task]));
  const named = new Set<TaskId>();
  const some = new Map<TaskId, Set<number>>();
  for (const wish of wishes ?? []) {
    const [name, index] = typeof wish === 'string' ? [wish] : wish;
    const task = byId.get(name);
    if (task === undefined) throw unknownTask(name, [...byId.keys()]);
    if (index === undefined) {
      named.add(task.id);
      continue;
    }
    requireInstance(task, seen.get(task.id), index);
    const of = some.get(task.id);
    if (of === undefined) some.set(task.id, new Set([index]));
    else of.add(index);
  }
  const all = wishes === null ? tasks.map(({ id }) => id) : [...named, ...some.keys()];
  const instances = new Map([...some].filter(([id]) => !named.has(id)));
  const around = [...(downstream ? behindAny(tasks, all) : []), ...(upstream ? beforeAny(tasks, all) : [])];
  const whole = new Set([...all, ...around].filter((id) => !instances.has(id)));
  return { whole, named, instances, onlyFailed };
}

function unknownTask(name: string, known: readonly string[]): TidegateError {
  return new TidegateError('unknown_task', `the run has no task ${quote(name)}: ${didYouMean(name, known)}`);
}
