import { beginWait as writeBegin, endWait } from '../store/task-ends.ts';
import { readResults } from '../store/task-results.ts';
import type { Deps } from '../temporal/deps.ts';
import type { TaskToWait } from './run-activities.ts';

/** Begins to let time pass: from when it first began, or until the instant that a task returned; what returned none fails it. */
export async function beginWait(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  task: TaskToWait,
): Promise<number | 'failed'> {
  const begun = await writeBegin(db, task);
  if (begun === undefined) return 0;
  const { shape } = task;
  if ('ms' in shape) return Math.max(0, begun.getTime() + shape.ms - clock());
  const { [shape.until]: until } = await readResults(db, task, [shape.until]);
  const untilAt = typeof until === 'string' ? Date.parse(until) : Number.NaN;
  if (!Number.isNaN(untilAt)) return Math.max(0, untilAt - clock());
  const shown = until === undefined ? 'nothing' : JSON.stringify(until).slice(0, 100);
  await endWait(
    db,
    task,
    `task ${shape.until} returned ${shown}: return an instant, such as '2026-01-31T06:00:00Z'`,
  );
  return 'failed';
}
