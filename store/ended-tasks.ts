import type { EndedTask } from '../core/clearing-tasks.ts';
import type { TaskId } from '../core/ids.ts';
import type { RunPlan, TaskEnd } from '../core/run-plan.ts';
import { countEnds, endOfInstances, type TaskShape } from '../core/task-shape.ts';
import type { Db } from './database.ts';
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

/** How the tasks of an attempt ended, those of them that did. */
export async function readEndedTasks(
  db: Db | Tx,
  attempt: RunAttempt,
  tasks: RunPlan['tasks'],
): Promise<ReadonlyMap<TaskId, EndedTask>> {
  return endsOf(
    await db
      .selectFrom('task_run')
      .select(['task_id', 'map_index', 'state', 'try', 'is_marked'])
      .where(isOfAttempt(attempt))
      .execute(),
    tasks,
  );
}

/** How tasks of a plan ended, given their rows; a mapped one as its instances did, once all of those have. */
export function endsOf(rows: readonly EndRow[], tasks: RunPlan['tasks']): ReadonlyMap<TaskId, EndedTask> {
  const shapes = new Map(tasks.map(({ id, shape }) => [id, shape]));
  const byTask = new Map<TaskId, EndRow[]>();
  for (const row of rows) {
    const of = byTask.get(row.task_id);
    if (of === undefined) byTask.set(row.task_id, [row]);
    else of.push(row);
  }
  return new Map(
    [...byTask].flatMap(([taskId, of]) => {
      const end = endOf(of, shapes.get(taskId));
      return end === undefined ? [] : [[taskId, end] as const];
    }),
  );
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
