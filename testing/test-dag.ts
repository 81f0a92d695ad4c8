import { instantOf } from '../activities/event-readers.ts';
import type { CallbackCause, CallbackPlan } from '../core/callback.ts';
import { TidegateError } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import { failedTasks, outcomeOf, step, type TaskEnd, type TaskPlan } from '../core/run-plan.ts';
import { skippedBy } from '../core/task-shape.ts';
import { compileDag } from '../sdk/compile.ts';
import { type DagDefinition, dagOf } from '../sdk/dag.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Defined, RunInfo } from '../sdk/index.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import { openBook } from './event-book.ts';
import type { Given } from './given.ts';
import { type Play, startClock } from './play.ts';
import { neverStarted, runPart } from './run-part.ts';
import type { TestedRun, TestedTask } from './tested-run.ts';
import { tryTask } from './try-task.ts';

const defaultNow = '2026-01-01T00:00:00Z';

/**
 * Runs a DAG in this process, without Temporal and Postgres: its tasks one after the other, by the same rules. Retries, trigger rules, shapes
 * and callbacks are as in a real run; time-outs of tasks and limits on how many run at a time are not.
 * @example
 * ```ts
 * import { asset, dag } from 'tidegate';
 * import { testDag } from 'tidegate/testing';
 *
 * const orders = asset('s3://lake/orders');
 * const report = dag('report', { schedule: orders }, (d) => {
 *   d.task('count', async ({ events }) => (await events.all().toArray()).length);
 * });
 *
 * const { state, tasks } = await testDag(report, { events: [{ asset: orders }, { asset: orders }] });
 * if (state !== 'success' || tasks['count']?.result !== 2) throw new Error('not counted');
 * ```
 * @param definition - the DAG, or what `defineAsset` made with one
 * @throws TidegateError `invalid_definition` as a deploy would, `invalid_input` when what is given does not meet a schema
 */
export async function testDag(definition: DagDefinition | Defined, given: Given = {}): Promise<TestedRun> {
  const dag = requireDag(definition);
  const { run: plan } = compileDag(dag, 'in process');
  const ends: Record<TaskId, TaskEnd> = {};
  const tasks: Record<string, TestedTask> = {};
  const results: Record<string, Json> = {};
  const beginsAt = instantOf(given.now ?? defaultNow, 'now');
  const { callbacks = [] } = plan;
  const call = async (callback: CallbackPlan, cause: CallbackCause): Promise<void> => {
    const { task } = callback;
    tasks[task.id] = (await tryTask(play, { task, code: codeOf(dag, task.id), results, cause })).task;
  };
  const callAll = async (cause: CallbackCause): Promise<void> => {
    for (const callback of callbacks) if (callback.on === cause.kind) await call(callback, cause);
  };
  const play = startPlay(dag, given, { beginsAt, onRetry: callAll });

  for (;;) {
    const { ready, settled } = step(plan, ends);
    Object.assign(ends, settled);
    const [next] = ready;
    const task = plan.tasks.find(({ id }) => id === next);
    if (task === undefined) break;
    const { task: tested, choice } = await runPart(play, { task, code: codeOf(dag, task.id), results });
    tasks[task.id] = tested;
    ends[task.id] = tested.state;
    if (tested.state === 'success') results[task.id] = tested.result;
    if (choice !== undefined) Object.assign(ends, skippedBy(plan, task.id, choice));
  }
  for (const callback of callbacks) {
    if (callback.on !== 'late' || play.clock.now() - beginsAt < callback.afterMs) continue;
    await call(callback, { kind: 'late', afterMs: callback.afterMs });
  }
  const state = outcomeOf(plan, ends);
  await callAll(
    state === 'success'
      ? { kind: 'success' }
      : { kind: 'failure', reason: null, failedTasks: failedTasks(plan, ends) },
  );
  const unstarted = plan.tasks.flatMap(({ id }) => {
    const end = ends[id];
    return tasks[id] === undefined && end !== undefined ? [[id, neverStarted(end)] as const] : [];
  });
  const { events, triggered, clock } = play;
  return {
    state,
    tasks: { ...Object.fromEntries(unstarted), ...tasks },
    events,
    triggered,
    endedAt: clock.now(),
  };
}

/** What one task is given beside. */
export interface GivenToTask extends Given {
  /** Results of the tasks it needs, by their ids. */
  readonly needs?: Readonly<Record<string, Json>>;
  /** Of an instance of a mapped task. */
  readonly item?: Json;
  readonly mapIndex?: number;
  /** Of a callback. */
  readonly cause?: CallbackCause;
}

/**
 * Runs one task of a DAG in this process, with the results it needs.
 * @throws TidegateError `unknown_task` when the DAG has no such task; as {@link testDag}
 */
export async function testTask(
  definition: DagDefinition | Defined,
  taskId: string,
  { needs = {}, item, mapIndex, cause, ...given }: GivenToTask = {},
): Promise<TestedTask> {
  const dag = requireDag(definition);
  const { run: plan } = compileDag(dag, 'in process');
  const all = [...plan.tasks, ...(plan.callbacks ?? []).map(({ task }) => task)];
  const task = all.find(({ id }) => id === taskId);
  if (task === undefined) {
    const known = all.map(({ id }) => id);
    throw new TidegateError(
      'unknown_task',
      `DAG ${dag.id} has no task '${taskId}': ${didYouMean(taskId, known)}`,
    );
  }
  const beginsAt = instantOf(given.now ?? defaultNow, 'now');
  const play = startPlay(dag, given, { beginsAt, onRetry: async () => undefined });
  const instance = task.shape?.kind === 'mapped' ? { item: item ?? null, mapIndex: mapIndex ?? 0 } : {};
  const part = { task, code: codeOf(dag, task.id), results: needs, ...instance };
  return (await tryTask(play, { ...part, ...(cause === undefined ? {} : { cause }) })).task;
}

function startPlay(
  dag: DagDefinition,
  given: Given,
  { beginsAt, onRetry }: Pick<Play, 'onRetry'> & { readonly beginsAt: number },
): Play {
  const { events = [], conf = {} } = given;
  const run: RunInfo = {
    ...{ trigger: events.length > 0 ? 'asset' : 'manual', attempt: 1, logicalAt: null, partitionKey: null },
    ...{ dataIntervalStartAt: null, dataIntervalEndAt: null, ticks: [], missing: [] },
    ...given.run,
    conf,
  };
  const book = openBook(given, beginsAt);
  return { dagId: dag.id, run, book, given, events: [], triggered: [], clock: startClock(beginsAt), onRetry };
}

function codeOf(dag: DagDefinition, id: TaskPlan['id']): TaskDefinition {
  const code = dag.tasks.find((task) => task.id === id);
  if (code === undefined) throw new Error(`no code for task ${id}`);
  return code;
}

function requireDag(definition: DagDefinition | Defined): DagDefinition {
  const dag = dagOf(definition);
  if (dag !== undefined) return dag;
  throw new TidegateError(
    'invalid_definition',
    "this is no DAG: give what 'dag', 'defineAsset' or 'defineAssets' made",
  );
}
