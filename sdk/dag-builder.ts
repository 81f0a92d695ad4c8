import type { CallbackCause, CallbackKind } from '../core/callback.ts';
import type { Duration } from '../core/duration.ts';
import type { JsonObject } from '../core/json.ts';
import type { TriggerRule } from '../core/trigger-rule.ts';
import type { AuthoredShape, PokeOptions, ShortCircuitOptions, WaitInput } from './authored-shape.ts';
import type { AnyDagOptions, DagDefinition } from './dag.ts';
import type { AcceptedBy, IoManager, IoOf, Needed } from './io.ts';
import type { NoResources, ResourceMap, ServicesOf } from './resource.ts';
import { placeOfCaller } from './place.ts';
import {
  type Need,
  type NeedsOf,
  setUpsOf,
  type Stored,
  type TaskDefinition,
  type TaskGroup,
  type TaskHandle,
  type TaskNeeds,
  type TaskOptions,
} from './task.ts';
import type { CallbackContext, MappedContext, TaskContext } from './task-context.ts';
import { triggerOnce } from './trigger-once.ts';

type TaskFunction<Params extends object, Needs extends object, Given extends ResourceMap, Result> = (
  context: TaskContext<Params, Needs, ServicesOf<Given>>,
) => Result | Promise<Result>;

type MappedFunction<Params extends object, Needs extends object, Given extends ResourceMap, Item, Result> = (
  context: MappedContext<Item, Params, Needs, ServicesOf<Given>>,
) => Result | Promise<Result>;

/** Resources of a task beside those of its DAG. */
type Beside<Shared extends ResourceMap, Given extends ResourceMap> = Omit<Shared, keyof Given> & Given;

/** How a callback is run. */
export type CallbackOptions = Pick<TaskOptions, 'retries' | 'timeout' | 'heartbeatTimeout' | 'taskQueue'>;

type CallbackFunction<Params extends object, Shared extends ResourceMap, Kind extends CallbackKind> = (
  context: CallbackContext<Extract<CallbackCause, { readonly kind: Kind }>, Params, ServicesOf<Shared>>,
) => unknown;

/** Which DAG a task runs, with which conf. */
export interface TriggerOptions<Params extends object, Needs extends object> extends Pick<
  PokeOptions,
  'every' | 'giveUpAfter' | 'onTimeout'
> {
  /** The DAG, or its id. */
  readonly dag: DagDefinition | string;
  /** @defaultValue `{}` */
  readonly conf?: JsonObject | ((context: TaskContext<Params, Needs>) => JsonObject);
  /** Whether to wait until the run has ended, looking `every` so often. @defaultValue true, every `'2s'` */
  readonly wait?: boolean;
}

/** Options of a task whose result says something about the run, so that it stays in Postgres. */
type OptionsWith<
  More,
  Needs extends TaskNeeds,
  Rule extends TriggerRule,
  Given extends ResourceMap = NoResources,
> = Omit<TaskOptions<Needs, Rule, Given>, 'io'> & More;

/** Ids of the tasks that go on behind a branch, of those that need it: one or several. */
export type Followed = string | readonly string[];

/** Adds tasks to a DAG. */
export interface DagBuilder<
  Params extends object,
  Shared extends ResourceMap = NoResources,
  SharedIo extends IoManager | undefined = undefined,
> {
  task<Result extends AcceptedBy<SharedIo>>(
    id: string,
    run: TaskFunction<Params, object, Shared, Result>,
  ): TaskHandle<Needed<SharedIo, Awaited<Result>>>;
  task<
    Result extends AcceptedBy<IoOf<Io, SharedIo>>,
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
    Io extends IoManager | null | undefined = undefined,
  >(
    id: string,
    options: TaskOptions<Needs, Rule, Given, Io>,
    run: TaskFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, Result>,
  ): TaskHandle<Needed<IoOf<Io, SharedIo>, Awaited<Result>>>;

  /**
   * A task that runs once for each item of the list which `over` returned, up to 10,000: each instance has its own row, log, retries and
   * events. Its result is the list of what the instances returned that succeeded, in the order of the items. With no items it is skipped.
   */
  map<Item, Result>(
    id: string,
    over: TaskHandle<readonly Item[]>,
    run: MappedFunction<Params, object, Shared, Item, Result>,
  ): TaskHandle<readonly Stored<Awaited<Result>>[]>;
  map<
    Item,
    Result,
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
  >(
    id: string,
    over: TaskHandle<readonly Item[]>,
    options: OptionsWith<object, Needs, Rule, Given>,
    run: MappedFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, Item, Result>,
  ): TaskHandle<readonly Stored<Awaited<Result>>[]>;

  /** A task that chooses which of the tasks that need it go on; the others are skipped, unless a chosen one leads to them. */
  branch<
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
  >(
    id: string,
    options: OptionsWith<object, Needs, Rule, Given>,
    run: TaskFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, Followed>,
  ): TaskHandle<readonly string[]>;

  /** A task behind which everything is skipped when its function returns nothing, `false`, 0 or an empty text. */
  shortCircuit<
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
  >(
    id: string,
    options: OptionsWith<ShortCircuitOptions, Needs, Rule, Given>,
    run: TaskFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, unknown>,
  ): TaskHandle<boolean>;

  /** Lets time pass, durably, and takes no worker meanwhile. */
  wait(id: string, options: Pick<TaskOptions, 'needs' | 'triggerRule'> & WaitInput): TaskHandle<null>;

  /**
   * A condition that is asked again and again until its function returns something else than `false`, `null` or nothing, which then is its
   * result. It takes no worker in between; looks that find nothing are no failures.
   */
  waitFor<
    Result,
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
  >(
    id: string,
    options: OptionsWith<PokeOptions, Needs, Rule, Given>,
    run: TaskFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, Result>,
  ): TaskHandle<Stored<Exclude<Awaited<Result>, false | null | undefined | void>>>;

  /**
   * Runs another DAG, and waits until that run has ended unless `wait` is false; one that failed fails the task. Its result is that run.
   * The same try, told twice, starts one run. A cancelled task leaves the run it started alone.
   */
  trigger<const Needs extends TaskNeeds = readonly [], Rule extends TriggerRule = 'all_success'>(
    id: string,
    options: OptionsWith<TriggerOptions<Params, NeedsOf<Needs, Rule>>, Needs, Rule>,
  ): TaskHandle<{ readonly dagId: string; readonly runId: string; readonly state: string }>;

  /** A task that is called when a run succeeded, before it is closed. How it ends changes nothing about the run; the same holds for the others. */
  onSuccess(id: string, options: CallbackOptions, run: CallbackFunction<Params, Shared, 'success'>): void;
  /** When a run failed, was cancelled, or is out of time. */
  onFailure(id: string, options: CallbackOptions, run: CallbackFunction<Params, Shared, 'failure'>): void;
  /** When a try failed behind which there is another; of one run at most 500 times. */
  onRetry(id: string, options: CallbackOptions, run: CallbackFunction<Params, Shared, 'retry'>): void;
  /** When a run goes on `after` so long from its start. */
  onLate(
    id: string,
    options: CallbackOptions & { readonly after: Duration },
    run: CallbackFunction<Params, Shared, 'late'>,
  ): void;

  /** Tasks that belong together: their ids begin with that of the group. Those that need no other of the group need what it `needs`. */
  group(id: string, build: (group: DagBuilder<Params, Shared, SharedIo>) => void): TaskGroup;
  group(
    id: string,
    options: { readonly needs?: readonly (TaskHandle | TaskGroup | string)[] },
    build: (group: DagBuilder<Params, Shared, SharedIo>) => void,
  ): TaskGroup;
}

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
    map: (id: string, over: TaskHandle, ...rest: readonly [unknown, unknown?]) =>
      add(id, rest as TaskArguments, { kind: 'mapped', over }),
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
  if (shape?.kind === 'mapped') return [shape.over];
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
