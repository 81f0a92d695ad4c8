import { expand } from '../core/mapped-items.ts';
import { countItems } from '../store/task-results.ts';
import { failUnstarted } from '../store/task-ends.ts';
import type { Deps } from '../temporal/deps.ts';
import type { Expansion, TaskToExpand } from './run-activities.ts';

/** Finds how many instances a mapped task has; where it can have none the task fails, and its row says why. */
export async function expandTask({ db }: Pick<Deps, 'db'>, task: TaskToExpand): Promise<Expansion> {
  const expanded = expand(await countItems(db, task, task.over), task);
  if (expanded.kind === 'instances') return expanded;
  await failUnstarted(db, task, expanded.problem);
  return { kind: 'failed' };
}
