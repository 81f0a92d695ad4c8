import type { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import { idFromName } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { type AnyAsset, type Asset, asset, type AssetOptions, type AssetReference } from './asset.ts';
import { all, type AssetCondition } from './condition.ts';
import { dag, type DagDefinition, type DagOptions } from './dag.ts';
import type { EventReader } from './recorded-events.ts';
import type { AcceptedBy, IoManager } from './io.ts';
import type { NoResources, ResourceMap, ServicesOf } from './resource.ts';
import type { AnySource } from './source.ts';
import type { TaskOptions } from './task.ts';
import type { TaskContext } from './task-context.ts';

type Schema = z.ZodObject | undefined;
type AssetOf<Extra extends Schema> = Extra extends z.ZodObject
  ? Asset<z.output<Extra>, z.input<Extra>>
  : Asset;
type ParamsOf<Params extends Schema> = Params extends z.ZodObject ? z.output<Params> : JsonObject;

/** Assets and aliases that a function reads, by what it calls them. */
export type Upstream = Readonly<Record<string, AnySource>>;

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- has no names, unlike any record
type NoUpstream = Record<never, never>;

/** Every event of each upstream asset, typed by its schema, or through each alias. */
export type UpstreamReaders<Up extends Upstream> = {
  readonly [Name in keyof Up]: Up[Name] extends Asset<infer Extra, infer _Input>
    ? EventReader<Extra>
    : EventReader;
};

/** When the one task of a DAG runs, and how. */
export interface DefineOptions<
  Up extends Upstream = Upstream,
  Params extends Schema = Schema,
  Given extends ResourceMap = ResourceMap,
  Io extends IoManager | undefined = IoManager | undefined,
>
  extends
    Omit<DagOptions<Params>, 'outlets' | 'defaults' | 'taskQueue' | 'resources' | 'io' | 'pool'>,
    Omit<TaskOptions, 'needs' | 'triggerRule' | 'outlets' | 'inlets' | 'resources' | 'io'> {
  /** Assets and aliases that the function reads: inlets of its task. */
  readonly upstream?: Up;
  /** Services that the function is given, by what it calls them. */
  readonly resources?: Given;
  /** Where what the function returns is kept. @defaultValue Postgres */
  readonly io?: Io;
}

/** The same, with what is known about the asset. */
export interface DefineAssetOptions<
  Extra extends Schema = Schema,
  Up extends Upstream = Upstream,
  Params extends Schema = Schema,
  Given extends ResourceMap = ResourceMap,
  Io extends IoManager | undefined = IoManager | undefined,
>
  extends DefineOptions<Up, Params, Given, Io>, AssetOptions<Extra> {
  /** Id of the DAG and of its task. @defaultValue the asset's name, with `_` for what ids may not have */
  readonly id?: string;
}

/** What the function of several assets receives: what every task does, and readers of its upstream assets. */
export interface AssetsContext<
  Params extends object = JsonObject,
  Up extends Upstream = Upstream,
  Services extends object = object,
> extends TaskContext<Params, object, Services> {
  readonly upstream: UpstreamReaders<Up>;
}

/** The same, with the asset that the function updates. */
export interface AssetContext<
  Params extends object = JsonObject,
  Up extends Upstream = Upstream,
  Self extends AnyAsset = Asset,
  Services extends object = object,
> extends AssetsContext<Params, Up, Services> {
  readonly self: Self;
}

/** The DAG that updates it, which is deployed where the value is exported. */
export interface Defined {
  readonly dag: DagDefinition;
}

/**
 * Defines an asset by the function that updates it: the asset, and a DAG with one task that has it as its outlet. The value is an asset
 * for other schedules; exporting it deploys the DAG. Without an `emit` the asset gets one event when the function succeeds.
 * @example
 * ```ts
 * import { asset, defineAsset } from 'tidegate';
 * import { z } from 'zod';
 *
 * const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
 *
 * export const totals = defineAsset(
 *   's3://lake/totals',
 *   { schedule: orders, upstream: { orders }, eventExtra: z.object({ rows: z.number() }), retries: 2 },
 *   async ({ upstream, self, emit }) => {
 *     const newest = await upstream.orders.last();
 *     emit(self, { extra: { rows: newest?.extra.rows ?? 0 } });
 *   },
 * );
 *
 * export const report = defineAsset('s3://lake/report', { schedule: totals }, async () => undefined);
 * ```
 * @throws TidegateError `invalid_uri` or `invalid_definition` when URI, name or owners are not valid, or the name makes no id
 */
export function defineAsset<
  const Up extends Upstream = NoUpstream,
  Extra extends Schema = undefined,
  Params extends Schema = undefined,
  const Given extends ResourceMap = NoResources,
  Io extends IoManager | undefined = undefined,
>(
  reference: AssetReference,
  options: DefineAssetOptions<Extra, Up, Params, Given, Io>,
  run: (
    context: AssetContext<ParamsOf<Params>, Up, AssetOf<Extra>, ServicesOf<Given>>,
  ) => AcceptedBy<Io> | Promise<AcceptedBy<Io>>,
): AssetOf<Extra> & Defined {
  const self = asset(reference, options as AssetOptions) as AssetOf<Extra>;
  const id = options.id ?? idFromName(self.name);
  return defined(self, id, [self], options, (context) =>
    run({ ...context, self } as AssetContext<ParamsOf<Params>, Up, AssetOf<Extra>, ServicesOf<Given>>),
  );
}

/**
 * Defines several assets by the one function that updates them: a DAG with one task that has them as its outlets. The value is a
 * condition that waits for all of them; exporting it deploys the DAG.
 * @example
 * ```ts
 * import { asset, dag, defineAssets } from 'tidegate';
 *
 * const [train, test] = [asset('s3://lake/train'), asset('s3://lake/test')];
 *
 * export const split = defineAssets([train, test], { id: 'split' }, async ({ emit }) => {
 *   emit(train, { extra: { rows: 80 } });
 *   emit(test, { extra: { rows: 20 } });
 * });
 *
 * export const fit = dag('fit', { schedule: split }, (d) => void d.task('fit', async () => undefined));
 * ```
 * @param outlets - at least one
 * @throws TidegateError `invalid_definition` when there are no outlets
 */
export function defineAssets<
  const Up extends Upstream = NoUpstream,
  Params extends Schema = undefined,
  const Given extends ResourceMap = NoResources,
  Io extends IoManager | undefined = undefined,
>(
  outlets: readonly AnyAsset[],
  options: DefineOptions<Up, Params, Given, Io> & {
    /** Id of the DAG and of its task. */
    readonly id: string;
  },
  run: (
    context: AssetsContext<ParamsOf<Params>, Up, ServicesOf<Given>>,
  ) => AcceptedBy<Io> | Promise<AcceptedBy<Io>>,
): AssetCondition & Defined {
  if (!Array.isArray(outlets) || outlets.length === 0)
    throw refused("defineAssets has no outlets: write defineAssets([asset('…')], …)");
  if (typeof options.id !== 'string') throw refused("defineAssets needs an id: write { id: 'split' }");
  return defined(all(...outlets), options.id, outlets, options, (context) =>
    run(context as AssetsContext<ParamsOf<Params>, Up, ServicesOf<Given>>),
  );
}

/** A value with the DAG that updates it; beside what is compared, stored and printed of it, so that the two may refer to each other. */
function defined<Value extends object, Up extends Upstream>(
  value: Value,
  id: string,
  outlets: readonly AnyAsset[],
  options: DefineOptions<Up>,
  run: (context: AssetsContext<JsonObject, Upstream>) => unknown,
): Value & Defined {
  const upstream: Upstream = options.upstream ?? {};
  const taskOptions: TaskOptions<readonly []> = { ...options, outlets, inlets: Object.values(upstream) };
  // What both could have is the task's.
  const { pool: _ofTask, ...ofDag } = options;
  const definition = dag(id, { ...ofDag, outlets: [] } as DagOptions<undefined>, (d) => {
    d.task(id, taskOptions, (context) => {
      const readers = Object.entries(upstream).map(([name, one]) => [name, context.inlets.of(one)]);
      return run({ ...context, upstream: Object.fromEntries(readers) });
    });
  });
  return Object.defineProperty(value, 'dag', { value: definition }) as Value & Defined;
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
