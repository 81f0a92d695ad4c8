import type { TaskEnd } from '../core/run-plan.ts';
import { untilOf } from '../core/wait-until.ts';
import { isEnd } from '../store/ended-tasks.ts';
import { beginWait as writeBegin, endWait } from '../store/task-ends.ts';
import { readResults } from '../store/task-results.ts';
import type { Deps } from '../temporal/deps.ts';
import type { TaskToWait } from './run-activities.ts';

/** Begins to let time pass: from when it first began, or until the instant that a task returned; what returned none fails it. */
export async function beginWait(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  task: TaskToWait,
): Promise<number | TaskEnd> {
  const begun = await writeBegin(db, task);
  if (begun === undefined) return 0;
  if (isEnd(begun.state)) return begun.state;
  const { shape } = task;
  if ('ms' in shape) return Math.max(0, (begun.started_at?.getTime() ?? clock()) + shape.ms - clock());
  const { [shape.until]: until } = await readResults(db, task, [shape.until]);
  const wanted = untilOf(shape.until, until);
  if (wanted.kind === 'instant') return Math.max(0, wanted.at - clock());
  await endWait(db, task, wanted.problem);
  return 'failed';
}
