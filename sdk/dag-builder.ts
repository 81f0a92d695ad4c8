import type { CallbackCause, CallbackKind } from '../core/callback.ts';
import type { Duration } from '../core/duration.ts';
import type { JsonObject } from '../core/json.ts';
import type { TriggerRule } from '../core/trigger-rule.ts';
import type { MapOptions, PokeOptions, ShortCircuitOptions, WaitInput } from './authored-shape.ts';
import type { DagDefinition } from './dag.ts';
import type { AcceptedBy, IoManager, IoOf, Needed } from './io.ts';
import type { ItemOf, Mappable } from './mapped-over.ts';
import type { NoResources, ResourceMap, ServicesOf } from './resource.ts';
import type { NeedsOf, Stored, TaskGroup, TaskHandle, TaskNeeds, TaskOptions } from './task.ts';
import type { CallbackContext, MappedContext, TaskContext } from './task-context.ts';

type TaskFunction<Params extends object, Needs extends object, Given extends ResourceMap, Result> = (
  context: TaskContext<Params, Needs, ServicesOf<Given>>,
) => Result | Promise<Result>;

type MappedFunction<Params extends object, Needs extends object, Given extends ResourceMap, Item, Result> = (
  context: MappedContext<Item, Params, Needs, ServicesOf<Given>>,
) => Result | Promise<Result>;

/** Resources of a task beside those of its DAG. */
type Beside<Shared extends ResourceMap, Given extends ResourceMap> = Omit<Shared, keyof Given> & Given;

/** How a callback is run. */
export type CallbackOptions = Pick<
  TaskOptions,
  'retries' | 'timeout' | 'startTimeout' | 'heartbeatTimeout' | 'taskQueue'
>;

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
   * Over `{ country, day }` it runs for each combination of items, the last changing first; over `zip({ from, to })` for those at the same place.
   */
  map<Over extends Mappable, Result>(
    id: string,
    over: Over,
    run: MappedFunction<Params, object, Shared, ItemOf<Over>, Result>,
  ): TaskHandle<readonly Stored<Awaited<Result>>[]>;
  map<
    Over extends Mappable,
    Result,
    const Needs extends TaskNeeds = readonly [],
    Rule extends TriggerRule = 'all_success',
    Given extends ResourceMap = NoResources,
  >(
    id: string,
    over: Over,
    options: OptionsWith<MapOptions, Needs, Rule, Given>,
    run: MappedFunction<Params, NeedsOf<Needs, Rule>, Beside<Shared, Given>, ItemOf<Over>, Result>,
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
