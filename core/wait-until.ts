import type { TaskId } from './ids.ts';
import type { Json } from './json.ts';

/** Until when a task lets time pass, in epoch milliseconds, or why nobody can tell. */
export type Until =
  | { readonly kind: 'instant'; readonly at: number }
  | { readonly kind: 'problem'; readonly problem: string };

/** The instant that a task returned; absent is of one that did not succeed. */
export function untilOf(task: TaskId, returned: Json | undefined): Until {
  const at = typeof returned === 'string' ? Date.parse(returned) : Number.NaN;
  if (!Number.isNaN(at)) return { kind: 'instant', at };
  const shown = returned === undefined ? 'nothing' : JSON.stringify(returned).slice(0, 100);
  return {
    kind: 'problem',
    problem: `task ${task} returned ${shown}: return an instant, such as '2026-01-31T06:00:00Z'`,
  };
}
