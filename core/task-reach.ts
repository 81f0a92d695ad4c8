import type { TaskId } from './ids.ts';
import type { RunPlan } from './run-plan.ts';

// Each task of a plan comes after those it needs, so one round does.

/** These, and what lies behind them. */
export function behindAny(tasks: RunPlan['tasks'], ids: readonly TaskId[]): ReadonlySet<TaskId> {
  const behind = new Set(ids);
  for (const { id, needs } of tasks) if (needs.some((need) => behind.has(need))) behind.add(id);
  return behind;
}

/** These, and what they lie behind. */
export function beforeAny(tasks: RunPlan['tasks'], ids: readonly TaskId[]): ReadonlySet<TaskId> {
  const before = new Set(ids);
  for (const { id, needs } of tasks.toReversed())
    if (before.has(id)) for (const need of needs) before.add(need);
  return before;
}
