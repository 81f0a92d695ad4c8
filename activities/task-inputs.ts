import type { Json } from '../core/json.ts';
import { placesOf } from '../core/mapped-items.ts';
import type { MappedOver } from '../core/task-shape.ts';
import { namedNeeds, type TaskDefinition } from '../sdk/task.ts';
import type { Db } from '../store/database.ts';
import type { MappedItems } from '../store/mapped-items.ts';
import { readResults } from '../store/task-results.ts';
import type { RunTask } from './run-task.ts';

/** What a task is given by the tasks it needs, which have ended and do not change any more. */
export interface TaskInputs {
  readonly results: Readonly<Record<string, Json>>;
  /** Of an instance of a mapped task. */
  readonly item?: Json;
}

/** @throws TidegateError `invalid_input` when it is more than a task is given */
export async function readInputs(
  db: Db,
  mapped: MappedItems,
  task: RunTask,
  code: TaskDefinition,
): Promise<TaskInputs> {
  const { shape, mapIndex } = task;
  const named = new Set(Object.values(namedNeeds(code)));
  const needs = task.needs.filter((id) => named.has(id));
  const over = shape?.kind === 'mapped' ? shape.over : undefined;
  if (over === undefined || mapIndex === undefined) return { results: await readResults(db, task, needs) };
  const [results, item] = await Promise.all([
    readResults(db, task, needs),
    itemOf(mapped, task, over, mapIndex),
  ]);
  return { results, item };
}

/** Of several lists an instance has an item each, by the names they were given. */
async function itemOf(mapped: MappedItems, task: RunTask, over: MappedOver, mapIndex: number): Promise<Json> {
  if (typeof over === 'string') return mapped.read(task, over, mapIndex);
  const places = placesOf(over, mapIndex);
  const items = over.sources.map(
    async ({ name, task: source }, index) =>
      [name, await mapped.read(task, source, places[index] ?? 0)] as const,
  );
  return Object.fromEntries(await Promise.all(items));
}
