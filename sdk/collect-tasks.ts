import type { JsonObject } from '../core/json.ts';
import type { AuthoredShape, MapOptions } from './authored-shape.ts';
import type { AnyDagOptions } from './dag.ts';
import type { DagBuilder } from './dag-builder.ts';
import { tasksOver, toAuthoredOver } from './mapped-over.ts';
import { placeOfCaller } from './place.ts';
import {
  type Need,
  setUpsOf,
  type TaskDefinition,
  type TaskGroup,
  type TaskHandle,
  type TaskNeeds,
  type TaskOptions,
} from './task.ts';
import { triggerOnce } from './trigger-once.ts';

/** The tasks that `build` adds, in order; it runs none of them. */
export function collectTasks(
  { id: dagId, options }: { readonly id: string; readonly options: AnyDagOptions },
  build: (d: DagBuilder<JsonObject>) => void,
): readonly TaskDefinition[] {
  const tasks: TaskDefinition[] = [];
  build(builder({ dagId, options, path: [], needs: [], add: (task) => void tasks.push(task) }));
  return tasks;
}

type Run = TaskDefinition['run'];
type TaskArguments = readonly [run: Run] | readonly [options: TaskOptions, run: Run];

/** Where tasks are added: to a DAG, or to a group in it. */
interface Place {
  readonly dagId: string;
  readonly options: AnyDagOptions;
  /** Ids of the groups around it. */
  readonly path: readonly string[];
  /** What those of its tasks need that need none of the others. */
  readonly needs: readonly Need[];
  readonly add: (task: TaskDefinition) => void;
}

function builder(place: Place): DagBuilder<JsonObject> {
  const { dagId, options: ofDag, path } = place;
  const own = new Set<TaskHandle | string>();
  const add = (id: string, [first, second]: TaskArguments, shape?: AuthoredShape): TaskDefinition => {
    const [options, run] = second === undefined ? [{}, first as Run] : [first as TaskOptions, second];
    const wanted = needsOf(options.needs ?? []);
    const needs = wanted.some(({ task }) => own.has(task)) ? wanted : [...wanted, ...place.needs];
    const task: TaskDefinition = {
      ...{ id: [...path, id].join('.'), dagId, options, needs },
      outlets: options.outlets ?? [],
      inlets: options.inlets ?? [],
      ...(shape === undefined ? {} : { shape }),
      ...(path.length === 0 ? {} : { group: path.join('.') }),
      params: ofDag.params,
      // What says something about the run stays in Postgres.
      io: shape !== undefined ? null : options.io === undefined ? (ofDag.io ?? null) : options.io,
      resources: { ...ofDag.resources, ...options.resources },
      tags: ofDag.tags ?? [],
      place: placeOfCaller(),
      run,
    };
    const all = { ...task, needs: withOrder(needs, [...setUpsOf(task), ...comesFrom(shape)]) };
    own.add(all);
    own.add(all.id);
    place.add(all);
    return all;
  };
  const built: DagBuilder<JsonObject> = {
    task: (id: string, ...rest: TaskArguments) => add(id, rest),
    map: (id: string, over: unknown, ...[first, second]: readonly [unknown, unknown?]) => {
      const [given, code] = second === undefined ? [{}, first] : [first, second];
      const { toleratedFailures, ...options } = given as TaskOptions & MapOptions;
      const tolerated = toleratedFailures === undefined ? {} : { toleratedFailures };
      return add(id, [options, code as Run], {
        kind: 'mapped',
        over: toAuthoredOver(id, over),
        ...tolerated,
      });
    },
    branch: (id, options, run) => add(id, [options, run as Run], { kind: 'branch' }),
    shortCircuit: (id, { skips = 'all', ...options }, run) =>
      add(id, [options as TaskOptions, run as Run], { kind: 'short_circuit', skips }),
    wait: (id, { needs, triggerRule, ...wait }) => {
      const options = { ...(needs === undefined ? {} : { needs }), ...(triggerRule && { triggerRule }) };
      return add(id, [options, () => undefined], { kind: 'wait', wait });
    },
    waitFor: (id, { every, giveUpAfter, onTimeout, ...options }, run) =>
      add(id, [options as TaskOptions, run as Run], {
        kind: 'poke',
        ...(every === undefined ? {} : { every }),
        ...(giveUpAfter === undefined ? {} : { giveUpAfter }),
        ...(onTimeout === undefined ? {} : { onTimeout }),
      }),
    trigger: (id, { dag, conf = {}, wait = true, every = '2s', giveUpAfter, onTimeout, ...options }) => {
      const told = { dagId: typeof dag === 'string' ? dag : dag.id, wait };
      const run: Run = (context) =>
        triggerOnce(context, {
          ...told,
          conf: typeof conf === 'function' ? conf(context as Parameters<typeof conf>[0]) : conf,
        });
      return built.waitFor(
        id,
        {
          ...(options as TaskOptions),
          ...{ every, ...(giveUpAfter === undefined ? {} : { giveUpAfter }) },
          ...(onTimeout === undefined ? {} : { onTimeout }),
        },
        run as () => Promise<never>,
      );
    },
    onSuccess: (id, options, run) => void add(id, [options, run as Run], { kind: 'callback', on: 'success' }),
    onFailure: (id, options, run) => void add(id, [options, run as Run], { kind: 'callback', on: 'failure' }),
    onRetry: (id, options, run) => void add(id, [options, run as Run], { kind: 'callback', on: 'retry' }),
    onLate: (id, { after, ...options }, run) =>
      void add(id, [options, run as Run], { kind: 'callback', on: 'late', after }),
    group: (id: string, ...rest: GroupArguments) => {
      const [options, build] = rest.length === 1 ? [{}, rest[0]] : rest;
      const members: TaskDefinition[] = [];
      const needs = needsOf(options.needs ?? []);
      const inner: Place = {
        ...{ dagId, options: ofDag, path: [...path, id] },
        needs: needs.some(({ task }) => own.has(task)) ? needs : [...needs, ...place.needs],
        add(task) {
          members.push(task);
          own.add(task);
          own.add(task.id);
          place.add(task);
        },
      };
      build(builder(inner));
      return { id: inner.path.join('.'), members };
    },
  };
  return built;
}

type GroupArguments =
  | readonly [build: (group: DagBuilder<JsonObject>) => void]
  | readonly [
      options: { readonly needs?: readonly (TaskHandle | TaskGroup | string)[] },
      build: (group: DagBuilder<JsonObject>) => void,
    ];

/** Needs with those that a task has by what it is. */
function withOrder(needs: readonly Need[], others: readonly TaskHandle[]): readonly Need[] {
  const lacking = others.filter((other) => needs.every(({ task }) => task !== other && task !== other.id));
  return [...needs, ...lacking.map((task) => ({ name: null, task }))];
}

function comesFrom(shape: AuthoredShape | undefined): readonly TaskHandle[] {
  if (shape?.kind === 'mapped') return tasksOver(shape.over);
  return shape?.kind === 'wait' && 'until' in shape.wait ? [shape.wait.until] : [];
}

function needsOf(needs: TaskNeeds): readonly Need[] {
  if (!isList(needs)) return Object.entries(needs).map(([name, task]) => ({ name, task }));
  return needs.flatMap((need): readonly Need[] =>
    typeof need === 'object' && 'members' in need
      ? lastOf(need).map((task) => ({ name: null, task }))
      : [{ name: null, task: need }],
  );
}

/** Those of a group that no other of it needs. */
function lastOf({ members }: TaskGroup): readonly TaskHandle[] {
  const needed = new Set(
    members
      .flatMap((member) => ('needs' in member ? (member as TaskDefinition).needs : []))
      .map(({ task }) => task),
  );
  return members.filter((member) => !needed.has(member) && !needed.has(member.id));
}

function isList(needs: TaskNeeds): needs is readonly (TaskHandle | TaskGroup | string)[] {
  return Array.isArray(needs);
}
