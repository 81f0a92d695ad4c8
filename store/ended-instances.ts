import { sql } from 'kysely';
import { type EndedInstances, judgeInstances } from '../core/clearing-instances.ts';
import type { TaskId } from '../core/ids.ts';
import { type Items, mappedTasks } from '../core/mapped-items.ts';
import type { RunPlan, TaskPlan } from '../core/run-plan.ts';
import type { InstanceEnd } from '../core/task-shape.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { RunAttempt } from './runs.ts';
import type { TaskRunRow } from './run-tables.ts';
import { isOfAttempt, type TaskOfRun } from './task-rows.ts';

/** A row of a task, or of an instance of it, and the attempt in which that ran. */
export type InstanceRow = Pick<TaskRunRow, 'task_id' | 'map_index' | 'state'> & {
  readonly in_attempt: number;
};

/** The instances of the mapped tasks of an attempt that has ended; a task that has none, and can have none, is not among them. */
export async function readEndedInstances(
  db: Db | Tx,
  attempt: RunAttempt,
  tasks: RunPlan['tasks'],
  rows: readonly InstanceRow[],
): Promise<ReadonlyMap<TaskId, EndedInstances>> {
  const mapped = tasks.flatMap((task) =>
    task.shape?.kind === 'mapped' ? [{ task, over: mappedTasks(task.shape.over) }] : [],
  );
  if (mapped.length === 0) return new Map();
  const sources = [...new Set(mapped.flatMap(({ over }) => over))];
  const lists = await readLists(db, attempt, sources);
  const marked = await readMarked(db, attempt, sources);
  const byTask = rowsByTask(rows);
  const of = (id: TaskId): readonly InstanceRow[] => byTask.get(id) ?? [];
  const itemsOf = (id: TaskId): Items =>
    lists.get(id) ?? { kind: 'list', count: of(id).filter(isSuccessfulInstance).length };
  const since = (id: TaskId): number =>
    Math.max(1, (marked.get(id) ?? 0) + 1, ...of(id).map(({ in_attempt }) => in_attempt));
  const judge = ({ task, over }: { readonly task: TaskPlan; readonly over: readonly TaskId[] }) => {
    const own = of(task.id);
    if (own.some(({ map_index }) => map_index === -1)) return undefined;
    return judgeInstances(task, {
      ends: new Map(own.flatMap(endOfInstance)),
      ranIn: Math.min(...own.map(({ in_attempt }) => in_attempt)),
      items: over.map(itemsOf),
      itemsSince: Math.max(...over.map(since)),
    });
  };
  return new Map(
    mapped.flatMap((one) => {
      const judged = judge(one);
      return judged === undefined ? [] : [[one.task.id, judged] as const];
    }),
  );
}

/** Rows of each task that has some, in their order. */
export function rowsByTask<Row extends { readonly task_id: TaskId }>(
  rows: readonly Row[],
): ReadonlyMap<TaskId, readonly Row[]> {
  const byTask = new Map<TaskId, Row[]>();
  for (const row of rows) {
    const of = byTask.get(row.task_id);
    if (of === undefined) byTask.set(row.task_id, [row]);
    else of.push(row);
  }
  return byTask;
}

/** What is no list, or no longer is one, has no items. */
async function readLists(
  db: Db | Tx,
  attempt: RunAttempt,
  sources: readonly TaskId[],
): Promise<ReadonlyMap<TaskId, Items>> {
  const { rows } = await sql<{ task_id: TaskId; length: number | null }>`
    select task_id, case jsonb_typeof(result) when 'array' then jsonb_array_length(result) end as length
    from task_run where ${isOfAttempt(attempt)} and task_id = any(${sources}::text[]) and map_index = -1 and state = 'success'`.execute(
    db,
  );
  return new Map(rows.map(({ task_id, length }) => [task_id, { kind: 'list', count: length ?? 0 }]));
}

/** The latest attempt up to this one in which somebody marked them, which changes what counts of their instances. */
async function readMarked(
  db: Db | Tx,
  { dagId, runId, attempt: latest }: RunAttempt,
  sources: readonly TaskId[],
): Promise<ReadonlyMap<TaskId, number>> {
  const { rows } = await sql<{ task_id: TaskId; attempt: number }>`
    select task_id, max(attempt) as attempt from mark
    where dag_id = ${dagId} and run_id = ${runId} and attempt <= ${latest} and task_id = any(${sources}::text[]) group by task_id`.execute(
    db,
  );
  return new Map(rows.map(({ task_id, attempt }) => [task_id, attempt]));
}

function isSuccessfulInstance({ map_index, state }: InstanceRow): boolean {
  return map_index >= 0 && state === 'success';
}

function endOfInstance({
  map_index,
  state,
}: Pick<InstanceRow, 'map_index' | 'state'>): readonly (readonly [number, InstanceEnd])[] {
  const isInstance = map_index >= 0;
  return isInstance && (state === 'success' || state === 'failed' || state === 'skipped')
    ? [[map_index, state]]
    : [];
}

/** The instances of a task that have ended, in the order of their items. */
export async function readInstanceEnds(
  db: Db,
  { taskId, ...attempt }: TaskOfRun,
): Promise<readonly { readonly index: number; readonly end: InstanceEnd }[]> {
  const rows = await db
    .selectFrom('task_run')
    .select(['map_index', 'state'])
    .where(isOfAttempt(attempt))
    .where('task_id', '=', taskId)
    .orderBy('map_index')
    .execute();
  return rows.flatMap(endOfInstance).map(([index, end]) => ({ index, end }));
}
