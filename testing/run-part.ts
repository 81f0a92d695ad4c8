import type { Json } from '../core/json.ts';
import type { TaskEnd } from '../core/run-plan.ts';
import { endOfInstances } from '../core/task-shape.ts';
import type { Part, Play } from './play.ts';
import type { TestedTask } from './tested-run.ts';
import { type Tried, tryTask } from './try-task.ts';

/** Runs a task of a run in process, whatever its shape. */
export async function runPart(play: Play, part: Part): Promise<Tried> {
  const { shape } = part.task;
  if (shape?.kind === 'mapped') return { task: await runMapped(play, part, part.results[shape.over]) };
  if (shape?.kind !== 'wait') return tryTask(play, part);
  const until = 'ms' in shape ? null : part.results[shape.until];
  const untilAt =
    'ms' in shape ? play.clock.now() + shape.ms : typeof until === 'string' ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(untilAt))
    return { task: { ...neverStarted('failed'), error: new Error('no instant to wait for') } };
  play.clock.pass(Math.max(0, untilAt - play.clock.now()));
  return { task: { ...neverStarted('success'), tries: 1 } };
}

async function runMapped(play: Play, part: Part, items: Json | undefined): Promise<TestedTask> {
  if (!Array.isArray(items))
    return { ...neverStarted('failed'), error: new Error('it is mapped over a list: return an array') };
  const instances: TestedTask[] = [];
  for (const [mapIndex, item] of items.entries())
    instances.push((await tryTask(play, { ...part, item, mapIndex })).task);
  const count = (state: TaskEnd): number => instances.filter((one) => one.state === state).length;
  const ended = { success: count('success'), failed: count('failed'), skipped: count('skipped') };
  return {
    ...neverStarted(endOfInstances(ended)),
    result: instances.flatMap(({ state, result }) => (state === 'success' ? [result] : [])),
    tries: Math.max(0, ...instances.map(({ tries }) => tries)),
    events: instances.flatMap(({ events }) => events),
    log: instances.flatMap(({ log }) => log),
    instances,
  };
}

/** A task that ended without a try. */
export function neverStarted(state: TaskEnd): TestedTask {
  return { state, result: null, error: null, tries: 0, events: [], log: [] };
}
