import { maxMappedInstances } from '../core/task-shape.ts';
import { countItems, type Items } from '../store/task-results.ts';
import { failUnstarted } from '../store/task-ends.ts';
import type { Deps } from '../temporal/deps.ts';
import type { Expansion, TaskToExpand } from './run-activities.ts';

/** Finds how many instances a mapped task has; where it can have none the task fails, and its row says why. */
export async function expandTask({ db }: Pick<Deps, 'db'>, task: TaskToExpand): Promise<Expansion> {
  const items = await countItems(db, task, task.over);
  const problem = problemOf(items, task);
  if (problem === null && items.kind === 'list') return { kind: 'instances', count: items.count };
  await failUnstarted(db, task, problem ?? '');
  return { kind: 'failed' };
}

function problemOf(items: Items, { over, taskId }: TaskToExpand): string | null {
  if (items.kind === 'no list')
    return `task ${over} returned ${items.type}, and ${taskId} is mapped over a list: return an array`;
  return items.count > maxMappedInstances
    ? `task ${over} returned ${items.count} items, and ${taskId} may have ${maxMappedInstances} instances: return batches of them`
    : null;
}
