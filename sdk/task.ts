import type { z } from 'zod';
import type { Duration } from '../core/duration.ts';
import type { Json } from '../core/json.ts';
import type { PoolUseInput } from '../core/pool-options.ts';
import type { FairnessInput } from '../core/task-priority.ts';
import type { TriggerRule } from '../core/trigger-rule.ts';
import type { AuthoredShape } from './authored-shape.ts';
import type { IsolateOptions } from './isolate.ts';
import type { AnySource } from './source.ts';
import type { IoManager } from './io.ts';
import type { ResourceMap } from './resource.ts';
import type { TaskContext } from './task-context.ts';

declare const resultOf: unique symbol;

/** A value as it is after its way through JSON; nothing becomes `null`. */
export type Stored<Value> = unknown extends Value
  ? Value
  : Value extends void
    ? null
    : Value extends Json
      ? Value
      : Value extends { toJSON(): infer Written }
        ? Stored<Written>
        : Value extends ((...parameters: never[]) => unknown) | symbol | bigint
          ? never
          : Value extends object
            ? {
                readonly [Key in keyof Value]: Value[Key] extends undefined
                  ? undefined
                  : StoredField<Value[Key]>;
              }
            : never;

type StoredField<Value> = undefined extends Value
  ? Stored<Exclude<Value, undefined>> | undefined
  : Stored<Value>;

/** A task as others name it in their `needs`. */
export interface TaskHandle<Result = unknown> {
  readonly id: string;
  readonly dagId: string;
  readonly [resultOf]?: Result;
}

/** Tasks to wait for: by name where their results are wanted, as an array where only the order matters. */
export type TaskNeeds =
  | Readonly<Record<string, TaskHandle | string>>
  | readonly (TaskHandle | TaskGroup | string)[];

/** Tasks that were defined together: needing it is needing those of them that no other of them needs. */
export interface TaskGroup {
  readonly id: string;
  /** In the order they were defined, those of groups in it included. */
  readonly members: readonly TaskHandle[];
}

type ResultOf<Task> = Task extends TaskHandle<infer Result> ? Result : Json;

/** Results of needed tasks by name. With another rule than `all_success` a needed task may have none. */
export type NeedsOf<Needs extends TaskNeeds, Rule extends TriggerRule> = Needs extends readonly unknown[]
  ? object
  : {
      readonly [Name in keyof Needs]:
        | ResultOf<Needs[Name]>
        | (Rule extends 'all_success' ? never : undefined);
    };

/** How the pauses between tries grow. */
export type Backoff = 'constant' | 'linear' | 'exponential';

/** How often a failing task is tried again, and how long after one another. */
export interface RetryOptions {
  /** Tries after the first one. */
  readonly max: number;
  /** Pause before the first retry. @defaultValue `'1s'` */
  readonly initial?: Duration;
  /** Whether pauses stay the same, grow by the first one, or are multiplied by `factor`. @defaultValue `'exponential'` */
  readonly backoff?: Backoff;
  /** What the pause is multiplied by from one retry to the next, 1 to 100. @defaultValue 2 */
  readonly factor?: number;
  /** Longest pause. @defaultValue `'5m'` */
  readonly longest?: Duration;
  /** Which part of a pause is left to chance, 0 to 1: with 0.5 it is between half of it and all. @defaultValue 0 */
  readonly jitter?: number;
  /** Errors after which it is not tried again: names of their classes, of those these extend, or of the errors themselves. @defaultValue none */
  readonly nonRetryable?: readonly string[];
}

/** What a DAG may set for all of its tasks. */
export interface TaskDefaults {
  /** @defaultValue 0 */
  readonly retries?: number | RetryOptions;
  /** Longest one try may take. @defaultValue no limit */
  readonly timeout?: Duration;
  /** Longest it may wait for a worker of its queue to take it; then it fails, and is not tried again. @defaultValue no limit */
  readonly startTimeout?: Duration;
  /** How long a silent worker is waited for before the try is given to another. @defaultValue `'30s'` */
  readonly heartbeatTimeout?: Duration;
  /** How long a task that is told to stop, because its run is, may take to do so; then it is given up on. @defaultValue `'10s'` */
  readonly cancelGrace?: Duration;
  /** Which of the tasks that wait for a worker of its queue goes first: 1 before all others, 5 behind them. @defaultValue 3 */
  readonly priority?: number;
  /**
   * By what tasks of one priority take turns, such as the team or customer they are for, at most 64 bytes: however many wait for one key, those of another
   * do not wait behind all of them. A `weight` of 2 gets two turns for one. @defaultValue all have one key
   */
  readonly fairness?: FairnessInput;
}

/** How a task depends on others, what it reads and updates, and how it is run. */
export interface TaskOptions<
  Needs extends TaskNeeds = TaskNeeds,
  Rule extends TriggerRule = TriggerRule,
  Given extends ResourceMap = ResourceMap,
  Io extends IoManager | null | undefined = IoManager | null | undefined,
> extends TaskDefaults {
  readonly needs?: Needs;
  /** Assets that the task updates by succeeding, and aliases through which it may update others. */
  readonly outlets?: readonly AnySource[];
  /** Assets and aliases that the task reads. */
  readonly inlets?: readonly AnySource[];
  /** @defaultValue `'all_success'` */
  readonly triggerRule?: Rule;
  /**
   * Set-up tasks that this one tears down. It runs once they succeeded and all it needs has ended, however that ended, and also when the run is
   * cancelled or out of time; how it ends does not count for the run.
   */
  readonly teardownOf?: TaskHandle | readonly TaskHandle[];
  /** Services that its code is given, by what it calls them; beside those of its DAG. */
  readonly resources?: Given;
  /** Where its result is kept, if not in Postgres; `null` is in Postgres. @defaultValue that of its DAG */
  readonly io?: Io;
  /**
   * What it holds of a pool of `tidegate.config.ts` from before its first try to its end, between tries too: `'warehouse'` is one slot, fair between
   * DAGs. Each instance of a mapped task holds its own. @defaultValue nothing
   */
  readonly pool?: PoolUseInput;
  /** Task queue whose workers run it. @defaultValue that of the DAG, else of the project */
  readonly taskQueue?: string;
  /**
   * Runs its code in a process of its own, for work that keeps a processor busy: the worker goes on meanwhile, and can end it at any moment.
   * @defaultValue false
   */
  readonly isolate?: boolean | IsolateOptions;
}

/** A task that another one waits for. */
export interface Need {
  /** What its result is called; `null` where only the order matters. */
  readonly name: string | null;
  readonly task: TaskHandle | string;
}

/** A task as its author wrote it, with its code. */
export interface TaskDefinition extends TaskHandle<never> {
  readonly options: TaskOptions;
  readonly needs: readonly Need[];
  readonly outlets: readonly AnySource[];
  readonly inlets: readonly AnySource[];
  /** What the run's conf must meet; none accepts any object. */
  readonly params: z.ZodObject | undefined;
  readonly shape?: AuthoredShape;
  /** Path of the group it was defined in. */
  readonly group?: string;
  /** Its own, and those of its DAG. */
  readonly resources: ResourceMap;
  /** Where its result is kept; `null` is in Postgres. */
  readonly io: IoManager | null;
  /** Of its DAG. */
  readonly tags: readonly string[];
  /** Where it was written. */
  readonly place: string;
  /** The author's function; what it returns is JSON, or nothing. */
  run(context: TaskContext<object>): unknown;
}

/** The needs a task gets results of: what it calls them, and the id of the task each comes from. */
export function namedNeeds(task: TaskDefinition): Readonly<Record<string, string>> {
  return Object.fromEntries(
    task.needs.flatMap((need) => (need.name === null ? [] : [[need.name, idOf(need)] as const])),
  );
}

/** Id of the task that a need means. */
export function idOf({ task }: Need): string {
  return typeof task === 'string' ? task : task.id;
}

/** Set-up tasks that a task tears down. */
export function setUpsOf({ options: { teardownOf = [] } }: TaskDefinition): readonly TaskHandle[] {
  return 'id' in teardownOf ? [teardownOf] : teardownOf;
}
