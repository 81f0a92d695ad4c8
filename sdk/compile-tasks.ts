import type { CallbackPlan } from '../core/callback.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { parseTaskId } from '../core/ids.ts';
import { maxTasks, type RunPlan, type TaskPlan } from '../core/run-plan.ts';
import { type TriggerRule, triggerRules } from '../core/trigger-rule.ts';
import { compileRetries } from './compile-retries.ts';
import { compileShape } from './compile-shape.ts';
import { parseIsolation } from './isolate.ts';
import { requireIoManager } from './io.ts';
import { tasksOver } from './mapped-over.ts';
import { requireResources } from './resource.ts';
import { sourcesOf } from './task-sources.ts';
import type { DagDefinition } from './dag.ts';
import { parsePoolUse } from '../core/pool-options.ts';
import { parseTaskPriority } from '../core/task-priority.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { idOf, type Need, setUpsOf, type TaskDefaults, type TaskDefinition } from './task.ts';
import { topologicalOrder } from './topological-order.ts';

const defaultHeartbeatTimeout: Duration = '30s';
/** Silence is told from a slow heartbeat only above the interval at which heartbeats are sent. */
const shortestHeartbeatTimeoutMs = 1_000;

/** What a run executes. */
export type CompiledTasks = Pick<RunPlan, 'tasks' | 'callbacks'>;

/**
 * The tasks of a DAG as they are deployed, each after those it needs.
 * @throws TidegateError `invalid_definition` for duplicate ids, unknown or circular needs, and options that are not valid
 */
export function compileTasks({ id, options, tasks: all }: DagDefinition): CompiledTasks {
  const tasks = all.filter((task) => task.shape?.kind !== 'callback');
  if (tasks.length === 0) throw refused(`it has no tasks: add one with d.task('…', …)`);
  if (tasks.length > maxTasks) {
    throw refused(`it has ${tasks.length} tasks, ${maxTasks} are allowed: split it into several DAGs`);
  }
  const byId = new Map<string, TaskDefinition>();
  for (const task of all) {
    const other = byId.get(task.id);
    if (other !== undefined) {
      throw refused(`two tasks have the id '${task.id}', at ${other.place} and at ${task.place}: rename one`);
    }
    byId.set(task.id, task);
  }
  const needed = new Map(
    tasks.map((task) => [task, [...new Set(task.needs.map((need) => resolve(task, need, byId, id)))]]),
  );
  const ordering = topologicalOrder(tasks, (task) => needed.get(task) ?? []);
  if (ordering.kind === 'cycle') {
    const [first] = ordering.items;
    const round = [...ordering.items, ...(first === undefined ? [] : [first])];
    throw refused(
      `its tasks need each other in a circle: ${round.map((task) => `'${task.id}' (${task.place})`).join(' needs ')}; remove one of these needs`,
    );
  }
  const defaults = { ...options.defaults, taskQueue: options.taskQueue };
  const next = new Map(tasks.map((task): [TaskDefinition, TaskDefinition[]] => [task, []]));
  for (const task of ordering.items) for (const need of needed.get(task) ?? []) next.get(need)?.push(task);
  const callbacks = all.flatMap((task): readonly CallbackPlan[] => {
    if (task.shape?.kind !== 'callback') return [];
    const plan = compileTask(task, { needs: [], next: [] }, defaults);
    return [
      task.shape.on === 'late'
        ? { on: 'late', afterMs: parseDuration(task.shape.after), task: plan }
        : { on: task.shape.on, task: plan },
    ];
  });
  return {
    tasks: ordering.items.map((task) =>
      compileTask(task, { needs: needed.get(task) ?? [], next: next.get(task) ?? [] }, defaults),
    ),
    ...(callbacks.length === 0 ? {} : { callbacks }),
  };
}

function resolve(
  task: TaskDefinition,
  need: Need,
  byId: ReadonlyMap<string, TaskDefinition>,
  dagId: string,
): TaskDefinition {
  const id = idOf(need);
  const isHandle = typeof need.task !== 'string';
  if (isHandle && need.task.dagId !== dagId) {
    throw refused(
      `task '${task.id}' (${task.place}) needs task '${id}' of DAG '${need.task.dagId}': a task can only need tasks of its own DAG; let it wait for an asset instead`,
    );
  }
  const found = byId.get(id);
  if (found === undefined || (isHandle && found !== need.task)) {
    const others = [...byId.keys()].filter((known) => known !== task.id);
    throw refused(`task '${task.id}' (${task.place}) needs unknown task '${id}': ${didYouMean(id, others)}`);
  }
  if (found.shape?.kind === 'callback')
    throw refused(`task '${task.id}' (${task.place}) needs callback '${id}': nothing can wait for one`);
  if (found === task) throw refused(`task '${task.id}' (${task.place}) needs itself: remove that need`);
  return found;
}

function compileTask(
  task: TaskDefinition,
  { needs, next }: { readonly needs: readonly TaskDefinition[]; readonly next: readonly TaskDefinition[] },
  defaults: TaskDefaults & { readonly taskQueue: string | undefined },
): TaskPlan {
  const options = { ...defaults, ...task.options };
  try {
    // How code is run is no part of a plan, but what is wrong with it is found when it is deployed.
    parseIsolation(options.isolate);
    const priority = parseTaskPriority(options.priority, options.fairness);
    const pool = parsePoolUse(options.pool);
    requireResources(task.resources);
    requireTogether(task, needs);
    requireIoManager(task.io);
    return {
      id: parseTaskId(task.id),
      needs: needs.map((need) => parseTaskId(need.id)),
      triggerRule: parseTriggerRule(options.triggerRule ?? 'all_success'),
      retries: compileRetries(options.retries ?? 0),
      timeoutMs: options.timeout === undefined ? null : parseDuration(options.timeout),
      ...(options.startTimeout === undefined ? {} : { startTimeoutMs: parseDuration(options.startTimeout) }),
      heartbeatTimeoutMs: parseHeartbeatTimeout(options.heartbeatTimeout ?? defaultHeartbeatTimeout),
      ...(options.cancelGrace === undefined ? {} : { cancelGraceMs: parseDuration(options.cancelGrace) }),
      taskQueue: options.taskQueue ?? null,
      ...(priority === undefined ? {} : { priority }),
      ...(pool === undefined ? {} : { pool }),
      outlets: sourcesOf('outlet', task.outlets),
      inlets: sourcesOf('inlet', task.inlets),
      ...compileShape(
        task,
        next.map((other) => parseTaskId(other.id)),
      ),
      ...(setUpsOf(task).length === 0 ? {} : { teardownOf: setUpsOf(task).map(({ id }) => parseTaskId(id)) }),
      ...(task.group === undefined ? {} : { group: task.group }),
    };
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw new TidegateError(error.code, `task '${task.id}' (${task.place}): ${error.message}`, {
      cause: error,
    });
  }
}

/** Refuses what cannot go together. */
function requireTogether(task: TaskDefinition, needs: readonly TaskDefinition[]): void {
  const { shape, options, resources } = task;
  const sources = shape?.kind === 'mapped' ? tasksOver(shape.over).map(({ id }) => id) : [];
  for (const { id, io } of needs)
    if (io !== null && sources.includes(id))
      throw refused(
        `it is mapped over task '${id}', whose result IO manager '${io.name}' keeps: give '${id}' { io: null }, or let it return a list of references`,
      );
  const [name] = Object.keys(resources);
  if (parseIsolation(options.isolate) !== undefined && name !== undefined)
    throw refused(
      `it is isolated, and resource '${name}' lives in the process of the worker: make the service in its code, or leave 'isolate' out`,
    );
}

function parseHeartbeatTimeout(timeout: Duration): number {
  const ms = parseDuration(timeout);
  if (ms >= shortestHeartbeatTimeoutMs) return ms;
  throw refused(`heartbeatTimeout ${JSON.stringify(timeout)} is too short: use at least '1s'`);
}

function parseTriggerRule(rule: TriggerRule): TriggerRule {
  if (triggerRules.includes(rule)) return rule;
  throw refused(`trigger rule '${rule}' is not known: ${didYouMean(rule, triggerRules)}`);
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
