import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import { expand, itemsOf, mappedTasks, placesOf } from '../core/mapped-items.ts';
import type { TaskEnd } from '../core/run-plan.ts';
import { countEnds, endOfInstances, type MappedOver } from '../core/task-shape.ts';
import { type Until, untilOf } from '../core/wait-until.ts';
import type { Part, Play } from './play.ts';
import type { TestedTask } from './tested-run.ts';
import { type Tried, tryTask } from './try-task.ts';

/** Runs a task of a run in process, whatever its shape. */
export async function runPart(play: Play, part: Part): Promise<Tried> {
  const { shape } = part.task;
  if (shape?.kind === 'mapped') return { task: await runMapped(play, part, shape.over) };
  if (shape?.kind !== 'wait') return tryTask(play, part);
  const until: Until =
    'ms' in shape
      ? { kind: 'instant', at: play.clock.now() + shape.ms }
      : untilOf(shape.until, part.results[shape.until]);
  if (until.kind === 'problem') return { task: failed(until.problem) };
  play.clock.pass(Math.max(0, until.at - play.clock.now()));
  return { task: { ...neverStarted('success'), tries: 1 } };
}

async function runMapped(play: Play, part: Part, over: MappedOver): Promise<TestedTask> {
  const { task, results } = part;
  const items = mappedTasks(over).map((one) => itemsOf(results[one]));
  const expanded = expand({ taskId: task.id, over }, items);
  if (expanded.kind === 'problem') return failed(expanded.problem);
  const instances: TestedTask[] = [];
  for (let mapIndex = 0; mapIndex < expanded.count; mapIndex += 1) {
    const item = itemOf(expanded.over, results, mapIndex);
    instances.push((await tryTask(play, { ...part, item, mapIndex })).task);
  }
  return {
    ...neverStarted(endOfInstances(countEnds(instances.map(({ state }) => state)), task.shape)),
    result: instances.flatMap(({ state, result }) => (state === 'success' ? [result] : [])),
    tries: Math.max(0, ...instances.map(({ tries }) => tries)),
    events: instances.flatMap(({ events }) => events),
    log: instances.flatMap(({ log }) => log),
    instances,
  };
}

function itemOf(over: MappedOver, results: Part['results'], mapIndex: number): Json {
  const at = (task: TaskId, place: number): Json => {
    const list = results[task];
    return Array.isArray(list) ? (list[place] ?? null) : null;
  };
  if (typeof over === 'string') return at(over, mapIndex);
  const places = placesOf(over, mapIndex);
  return Object.fromEntries(
    over.sources.map(({ name, task }, index) => [name, at(task, places[index] ?? 0)]),
  );
}

function failed(problem: string): TestedTask {
  return { ...neverStarted('failed'), error: new Error(problem) };
}

/** A task that ended without a try. */
export function neverStarted(state: TaskEnd): TestedTask {
  return { state, result: null, error: null, tries: 0, events: [], log: [] };
}
