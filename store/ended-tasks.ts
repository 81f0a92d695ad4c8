import type { EndedInstances } from '../core/clearing-instances.ts';
import type { EndedTask } from '../core/clearing-tasks.ts';
import type { TaskId } from '../core/ids.ts';
import type { RunPlan, TaskEnd } from '../core/run-plan.ts';
import { countEnds, endOfInstances, type TaskShape } from '../core/task-shape.ts';
import type { Db } from './database.ts';
import { readEndedInstances, rowsByTask } from './ended-instances.ts';
import type { Tx } from './log.ts';
import type { RunAttempt } from './runs.ts';
import { openTaskStates, type TaskRunRow, type TaskState } from './run-tables.ts';
import { isOfAttempt } from './task-rows.ts';

type EndRow = Pick<TaskRunRow, 'task_id' | 'map_index' | 'state' | 'try' | 'is_marked'>;

/** Whether a task in this state has ended. */
export function isEnd(state: TaskState): state is TaskEnd {
  const open: readonly TaskState[] = openTaskStates;
  return !open.includes(state);
}

/** How an attempt ended. */
export interface EndedAttempt {
  /** How the tasks ended, those of them that did. */
  readonly ended: ReadonlyMap<TaskId, EndedTask>;
  readonly instances: ReadonlyMap<TaskId, EndedInstances>;
}

export async function readEndedAttempt(
  db: Db | Tx,
  attempt: RunAttempt,
  tasks: RunPlan['tasks'],
): Promise<EndedAttempt> {
  const rows = await db
    .selectFrom('task_run')
    .select(['task_id', 'map_index', 'state', 'try', 'is_marked'])
    .select((of) => of.fn.coalesce('ran_in', 'attempt').as('in_attempt'))
    .where(isOfAttempt(attempt))
    .execute();
  const instances = await readEndedInstances(db, attempt, tasks, rows);
  return { ended: endsOf(rows, tasks, instances), instances };
}

/**
 * How tasks of a plan ended, given their rows; a mapped one as its instances did.
 * @param instances - a mapped task of which some were never come to has ended only if those that were have failed it
 */
export function endsOf(
  rows: readonly EndRow[],
  tasks: RunPlan['tasks'],
  instances: EndedAttempt['instances'] = new Map(),
): ReadonlyMap<TaskId, EndedTask> {
  const shapes = new Map(tasks.map(({ id, shape }) => [id, shape]));
  return new Map(
    [...rowsByTask(rows)].flatMap(([taskId, of]) => {
      const end = endOf(of, shapes.get(taskId));
      if (end === undefined || (end.end !== 'failed' && isIncomplete(instances.get(taskId)))) return [];
      return [[taskId, end] as const];
    }),
  );
}

function isIncomplete(instances: EndedInstances | undefined): boolean {
  return instances !== undefined && !instances.isOutdated && instances.ends.size < instances.count;
}

function endOf(rows: readonly EndRow[], shape: TaskShape | undefined): EndedTask | undefined {
  const [first] = rows;
  if (first === undefined || !rows.every(({ state }) => isEnd(state))) return undefined;
  if (first.map_index === -1)
    return isEnd(first.state)
      ? { end: first.state, isDecided: first.try === 0 && !first.is_marked }
      : undefined;
  return { end: endOfInstances(countEnds(rows.map(({ state }) => state)), shape), isDecided: false };
}
