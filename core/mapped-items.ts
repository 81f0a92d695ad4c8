import type { TaskId } from './ids.ts';
import type { Json } from './json.ts';
import { maxMappedInstances } from './task-shape.ts';

/** What a task is mapped over: so many items, or what is no list. */
export type Items =
  | { readonly kind: 'list'; readonly count: number }
  | { readonly kind: 'no list'; readonly type: string };

/** Items of what a task returned; one that did not succeed has none. */
export function itemsOf(returned: Json | undefined): Items {
  if (returned === undefined) return { kind: 'list', count: 0 };
  if (Array.isArray(returned)) return { kind: 'list', count: returned.length };
  return { kind: 'no list', type: returned === null ? 'nothing' : typeof returned };
}

/** How many instances a mapped task has, or why it can have none. */
export type Expanded =
  | { readonly kind: 'instances'; readonly count: number }
  | { readonly kind: 'problem'; readonly problem: string };

/** Judges what a task is mapped over: a list, of at most {@link maxMappedInstances}. */
export function expand(items: Items, { over, taskId }: { over: TaskId; taskId: TaskId }): Expanded {
  if (items.kind === 'no list')
    return {
      kind: 'problem',
      problem: `task ${over} returned ${items.type}, and ${taskId} is mapped over a list: return an array`,
    };
  if (items.count > maxMappedInstances)
    return {
      kind: 'problem',
      problem: `task ${over} returned ${items.count} items, and ${taskId} may have ${maxMappedInstances} instances: return batches of them`,
    };
  return { kind: 'instances', count: items.count };
}
