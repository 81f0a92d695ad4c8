import type { TaskId } from './ids.ts';
import type { Json } from './json.ts';
import { type MappedOver, type MappedSource, maxMappedInstances } from './task-shape.ts';

/** Items of one list that a task is mapped over: so many, or it is no list. */
export type Items =
  | { readonly kind: 'list'; readonly count: number }
  | { readonly kind: 'no list'; readonly type: string };

/** Items of what a task returned; one that did not succeed has none. */
export function itemsOf(returned: Json | undefined): Items {
  if (returned === undefined) return { kind: 'list', count: 0 };
  if (Array.isArray(returned)) return { kind: 'list', count: returned.length };
  return { kind: 'no list', type: returned === null ? 'nothing' : typeof returned };
}

/** Tasks whose lists a task is mapped over, in the order of {@link expand}; one may come twice. */
export function mappedTasks(over: MappedOver): readonly TaskId[] {
  return typeof over === 'string' ? [over] : over.sources.map(({ task }) => task);
}

/** How many instances a mapped task has, and of what they are; or why it can have none. */
export type Expanded =
  | { readonly kind: 'instances'; readonly count: number; readonly over: MappedOver }
  | { readonly kind: 'problem'; readonly problem: string };

/**
 * Judges what a task is mapped over: lists, with at most {@link maxMappedInstances} instances in all. Of several lists it notes how long they are.
 * @param items - of each list
 */
export function expand(
  { taskId, over }: { readonly taskId: TaskId; readonly over: MappedOver },
  items: readonly Items[],
): Expanded {
  const counts: number[] = [];
  for (const [index, task] of mappedTasks(over).entries()) {
    const of = items[index] ?? itemsOf(undefined);
    if (of.kind === 'no list')
      return problem(
        `task ${task} returned ${of.type}, and ${taskId} is mapped over a list: return an array`,
      );
    counts.push(of.count);
  }
  return typeof over === 'string'
    ? expandOne(over, counts[0] ?? 0, taskId)
    : expandSeveral({ ...over, sources: withCounts(over.sources, counts) }, taskId);
}

function expandOne(over: TaskId, count: number, taskId: TaskId): Expanded {
  return count <= maxMappedInstances
    ? { kind: 'instances', count, over }
    : tooMany(`task ${over} returned ${count} items`, taskId);
}

type Counted = MappedSource & { readonly count: number };

function withCounts(sources: readonly MappedSource[], counts: readonly number[]): readonly Counted[] {
  return sources.map((source, index) => ({ ...source, count: counts[index] ?? 0 }));
}

function expandSeveral(
  over: { readonly by: 'product' | 'zip'; readonly sources: readonly Counted[] },
  taskId: TaskId,
): Expanded {
  const { by, sources } = over;
  const [first, ...others] = sources;
  const other = by === 'zip' ? others.find(({ count }) => count !== first?.count) : undefined;
  if (first !== undefined && other !== undefined)
    return problem(
      `task ${first.task} returned ${first.count} items and task ${other.task} ${other.count}, of which ${taskId} takes one each: return lists of the same length`,
    );
  const count = by === 'zip' ? (first?.count ?? 0) : sources.reduce((all, one) => all * one.count, 1);
  if (count <= maxMappedInstances) return { kind: 'instances', count, over };
  const lengths = sources.map((one) => `${one.task} returned ${one.count}`).join(', ');
  return tooMany(`there are ${count} items (${lengths})`, taskId);
}

/** Where an instance has its item in each of several lists that were expanded; of a product the last one changes first. */
export function placesOf({ by, sources }: Exclude<MappedOver, TaskId>, mapIndex: number): readonly number[] {
  if (by === 'zip') return sources.map(() => mapIndex);
  let rest = mapIndex;
  return sources
    .toReversed()
    .map(({ count = 1 }) => {
      const place = rest % count;
      rest = Math.floor(rest / count);
      return place;
    })
    .toReversed();
}

function tooMany(what: string, taskId: TaskId): Expanded {
  return problem(`${what}, and ${taskId} may have ${maxMappedInstances} instances: return batches of them`);
}

function problem(text: string): Expanded {
  return { kind: 'problem', problem: text };
}
