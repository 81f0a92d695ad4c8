import type { DagId, RunId, TaskId } from '../core/ids.ts';
import { invalidOption } from '../core/invalid-option.ts';
import type { Json } from '../core/json.ts';
import { brand, isBranded } from './brand.ts';
import { type NoResources, requireResources, type ResourceMap, type ServicesOf } from './resource.ts';
import type { Stored } from './task.ts';
import type { TaskLog } from './task-context.ts';

declare const accepted: unique symbol;
declare const loaded: unique symbol;
declare const asJson: unique symbol;

/** Of an IO manager that gives back what was saved as it is after its way through JSON. */
export interface AsJson {
  readonly [asJson]: true;
}

/** The task whose result is saved or loaded, in one attempt of its run. */
export interface ResultPlace {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly taskId: TaskId;
  /** Partition key of the run; `null` where runs are not by partition. */
  readonly partitionKey: string | null;
  /** The one asset that the task updates; `null` where it updates none, or several. */
  readonly asset: { readonly name: string; readonly uri: string } | null;
}

/** What an IO manager loads and removes with; `signal` and `log` are of the task that runs. */
export interface IoContext<Services extends object = Readonly<Record<string, unknown>>> extends ResultPlace {
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /** Services of the resources that the IO manager names. */
  readonly resources: Services;
}

/** What an IO manager saves with. */
export interface SaveContext<
  Services extends object = Readonly<Record<string, unknown>>,
> extends IoContext<Services> {
  /** Which try of the task saves: another one may be doing so, too. */
  readonly try: number;
}

/** Keeps results of tasks, as `ioManager` made it. */
export interface IoManager<Accepted = never, Loaded = unknown> {
  readonly [brand]: 'ioManager';
  readonly name: string;
  readonly resources: ResourceMap;
  save(value: unknown, context: SaveContext): Promise<Json>;
  load(reference: Json, context: IoContext): Promise<unknown>;
  remove(reference: Json, context: IoContext): Promise<void>;
  readonly [accepted]?: (value: Accepted) => void;
  readonly [loaded]?: Loaded;
}

/** What a task may return to an IO manager; one that returns nothing has nothing saved. */
export type AcceptedBy<Io> =
  Io extends IoManager<infer Accepted, infer _Loaded> ? Accepted | null | undefined | void : unknown;

/** What tasks that need a result get of it. */
export type Needed<Io, Result> =
  Io extends IoManager<infer _Accepted, infer Loaded>
    ? Result extends void | null | undefined
      ? null
      : Loaded extends AsJson
        ? Stored<Result>
        : Loaded
    : Stored<Result>;

/** Which IO manager a task has: its own, none where that is `null`, else that of its DAG. */
export type IoOf<Own, Shared> = [Own] extends [undefined] ? Shared : Own;

/** How results are kept outside of the store. */
export interface IoManagerOptions<Value, Reference extends Json, Loaded, Needs extends ResourceMap> {
  /** Stands in stored results, so it should not change. */
  readonly name: string;
  readonly resources?: Needs;
  /**
   * Saves a result, somewhere no other try writes, and says where: JSON, of which 256 KiB are allowed. What others read is the reference
   * of the try that succeeded.
   */
  readonly save: (value: Value, context: SaveContext<ServicesOf<Needs>>) => Reference | Promise<Reference>;
  /** Called before the code of a task that needs the result by name. */
  readonly load: (reference: Reference, context: IoContext<ServicesOf<Needs>>) => Loaded | Promise<Loaded>;
  /** Removes what a try saved that did not succeed after all. @defaultValue it stays */
  readonly remove?: (reference: Reference, context: IoContext<ServicesOf<Needs>>) => unknown;
}

/**
 * Defines where results of tasks are kept that are too large, or are no JSON: Postgres keeps the reference only, and tasks that need the
 * result are given what `load` makes of it.
 * @example
 * ```ts
 * import { dag, ioManager } from 'tidegate';
 *
 * const kept = new Map<string, Uint8Array>();
 * const memory = ioManager({
 *   name: 'memory',
 *   save: (bytes: Uint8Array, { runId, taskId, try: number }) => {
 *     const key = `${runId}/${taskId}/${number}`;
 *     kept.set(key, bytes);
 *     return { key };
 *   },
 *   load: ({ key }) => kept.get(key) ?? new Uint8Array(),
 * });
 *
 * export const pictures = dag('pictures', {}, (d) => {
 *   const draw = d.task('draw', { io: memory }, async () => new Uint8Array([1, 2, 3]));
 *   d.task('measure', { needs: { picture: draw } }, async ({ needs }) => needs.picture.length);
 * });
 * ```
 * @throws TidegateError `invalid_definition` when an option is not valid
 */
export function ioManager<
  Value,
  Reference extends Json,
  Loaded = Value,
  const Needs extends ResourceMap = NoResources,
>(options: IoManagerOptions<Value, Reference, Loaded, Needs>): IoManager<Value, Loaded>;
export function ioManager(options: IoManagerOptions<unknown, Json, unknown, ResourceMap>): IoManager {
  const { name, resources = {}, save, load, remove } = options;
  if (typeof name !== 'string' || name.trim() === '') throw invalidOption('name', name, "write name: 'lake'");
  for (const [what, given] of Object.entries({ save, load }))
    if (typeof given !== 'function')
      throw invalidOption(`${what} of IO manager '${name}'`, given, 'write a function');
  requireResources(resources, `resources of IO manager '${name}'`);
  return {
    ...{ [brand]: 'ioManager', name, resources },
    save: async (value, context) => save(value, context),
    load: async (reference, context) => load(reference, context),
    async remove(reference, context) {
      await remove?.(reference, context);
    },
  };
}

/** @throws TidegateError `invalid_definition` unless it is an IO manager, or none */
export function requireIoManager(io: unknown): void {
  if (io !== null && !isBranded(io, 'ioManager'))
    throw invalidOption(
      'io',
      io,
      'write ioManager({ name, save, load }), give one of tidegate/io, or null for none',
    );
}
