import type { TaskId } from './ids.ts';
import type { RunPlan, TaskEnd, TaskEnds, TaskPlan } from './run-plan.ts';
import { behindAny } from './task-reach.ts';

/** What is special about a task; one without a shape runs once, and whatever it returns is its result. */
export type TaskShape =
  /** Runs once for each item that another task returned, or that several did. */
  | { readonly kind: 'mapped'; readonly over: MappedOver; readonly tolerated?: Tolerated }
  /** Returns which of the tasks that need it go on. */
  | { readonly kind: 'branch'; readonly targets: readonly TaskId[] }
  /** Returns whether those behind it go on: all of them, or only the next ones, whose trigger rules decide about the rest. */
  | { readonly kind: 'short_circuit'; readonly skips: 'all' | 'next' }
  /** Runs no code: lets time pass, so much, or until the instant that another task returned. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'wait'; readonly until: TaskId }
  /** Is asked again and again, and takes no worker in between. */
  | {
      readonly kind: 'poke';
      readonly everyMs: number;
      /** From its first try on; `null` is no limit. */
      readonly timeoutMs: number | null;
      readonly onTimeout: 'fail' | 'skip';
    };

/** How many instances of a mapped task may fail without it: so many, or a share of all, rounded down. */
export type Tolerated = { readonly count: number } | { readonly percent: number };

/** What a task is mapped over: one list, each combination of items of several, or several side by side. */
export type MappedOver =
  | TaskId
  | { readonly by: 'product' | 'zip'; readonly sources: readonly MappedSource[] };

/** One of several lists that a task is mapped over. */
export interface MappedSource {
  /** What an instance calls its item of it. */
  readonly name: string;
  readonly task: TaskId;
  /** How many items it has; absent until the task is expanded. */
  readonly count?: number;
}

/** Most instances of one mapped task. */
export const maxMappedInstances = 10_000;

/** What a task that succeeded decided about those behind it. */
export type Choice =
  | { readonly kind: 'follow'; readonly tasks: readonly TaskId[] }
  | { readonly kind: 'stop'; readonly skips: 'all' | 'next' };

/** What a task decided, from what is stored as its result. */
export function choiceOf(shape: TaskShape | undefined, result: unknown): { readonly choice?: Choice } {
  if (shape?.kind === 'branch') {
    const named: readonly unknown[] = Array.isArray(result) ? result : [];
    return { choice: { kind: 'follow', tasks: shape.targets.filter((target) => named.includes(target)) } };
  }
  const stops = shape?.kind === 'short_circuit' && result !== true;
  return stops ? { choice: { kind: 'stop', skips: shape.skips } } : {};
}

/**
 * Tasks that are skipped by a choice. A branch skips those right behind it that it does not name and that none of the named leads to; a
 * stop skips all behind it but tear-downs, or only the next ones. Airflow's rules.
 */
export function skippedBy({ tasks }: Pick<RunPlan, 'tasks'>, id: TaskId, choice: Choice): TaskEnds {
  const next = tasks.filter((task) => task.needs.includes(id));
  const skip = (skipped: readonly { readonly id: TaskId }[]): TaskEnds =>
    Object.fromEntries(skipped.map((task): [TaskId, TaskEnd] => [task.id, 'skipped']));
  if (choice.kind === 'stop') {
    const behind = choice.skips === 'all' ? behindAny(tasks, [id]) : new Set(next.map((task) => task.id));
    const skips = (task: TaskPlan): boolean =>
      task.id !== id && task.teardownOf === undefined && behind.has(task.id);
    return skip(tasks.filter(skips));
  }
  const followed = behindAny(tasks, choice.tasks);
  return skip(next.filter((task) => !followed.has(task.id)));
}

/** How many instances of a mapped task ended in which way; those that have not ended are in none. */
export function countEnds(states: readonly string[]): InstanceEnds {
  const count = (end: InstanceEnd): number => states.filter((state) => state === end).length;
  return { success: count('success'), failed: count('failed'), skipped: count('skipped') };
}

/** How a mapped task ended as a whole: some failures may be tolerated where others succeeded. */
export function endOfInstances(
  { success, failed, skipped }: InstanceEnds,
  shape: TaskShape | undefined,
): TaskEnd {
  const tolerated = shape?.kind === 'mapped' ? shape.tolerated : undefined;
  if (failed > 0 && (success === 0 || failed > mostOf(tolerated, success + failed + skipped)))
    return 'failed';
  return success > 0 ? 'success' : 'skipped';
}

function mostOf(tolerated: Tolerated | undefined, instances: number): number {
  if (tolerated === undefined) return 0;
  return 'count' in tolerated
    ? tolerated.count
    : Math.floor((instances * Math.round(tolerated.percent * 10_000)) / 1_000_000);
}

/** How an instance of a mapped task may end. */
export type InstanceEnd = 'success' | 'failed' | 'skipped';

/** How many instances ended in which way. */
export type InstanceEnds = Readonly<Record<InstanceEnd, number>>;
