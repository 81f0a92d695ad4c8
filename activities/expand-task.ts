import { keptInstances } from '../core/kept-instances.ts';
import { expand, mappedTasks } from '../core/mapped-items.ts';
import { readInstanceEnds } from '../store/ended-instances.ts';
import { countItems } from '../store/task-results.ts';
import { failUnstarted } from '../store/task-ends.ts';
import type { Deps } from '../temporal/deps.ts';
import type { Expansion, TaskToExpand } from './run-activities.ts';

/** Finds how many instances a mapped task has; where it can have none the task fails, and its row says why. */
export async function expandTask({ db }: Pick<Deps, 'db'>, task: TaskToExpand): Promise<Expansion> {
  const items = await Promise.all(mappedTasks(task.over).map((one) => countItems(db, task, one)));
  const expanded = expand(task, items);
  if (expanded.kind === 'problem') {
    await failUnstarted(db, task, expanded.problem);
    return { kind: 'failed' };
  }
  const { kind, count, over } = expanded;
  // Nothing has ended yet in a first attempt.
  const kept = task.attempt === 1 ? undefined : keptInstances(count, await readInstanceEnds(db, task));
  return {
    ...{ kind, count },
    ...(typeof over === 'string' ? {} : { over }),
    ...(kept === undefined ? {} : { kept }),
  };
}
