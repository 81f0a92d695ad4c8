import { TidegateError } from '../core/errors.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { invalidOption } from '../core/invalid-option.ts';
import { brand, isBranded } from './brand.ts';
import { placeOfCaller } from './place.ts';
import type { TaskLog } from './task-context.ts';

declare const serviceOf: unique symbol;

/** How long a service is kept: as long as the worker process, or as one run on that worker. */
export type ResourceScope = 'worker' | 'run';

/** A service that tasks are given, as `resource` made it. */
export interface Resource<Service = unknown> {
  readonly [brand]: 'resource';
  readonly name: string;
  readonly scope: ResourceScope;
  readonly needs: ResourceMap;
  /** Where it was written. */
  readonly place: string;
  /** Makes the service. */
  setUp(context: ResourceContext): Promise<unknown>;
  /** Lets go of it. */
  tearDown(service: unknown, context: ResourceContext): Promise<void>;
  readonly [serviceOf]?: Service;
}

/** Resources by what a task, a DAG or another resource calls them. */
export type ResourceMap = Readonly<Record<string, Resource>>;

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- has no names, unlike any record
export type NoResources = Record<never, never>;

/** The services of resources, by the same names. */
export type ServicesOf<Given extends ResourceMap> = {
  readonly [Name in keyof Given]: Given[Name] extends Resource<infer Service> ? Service : never;
};

/** What a resource is set up and torn down with. */
export interface ResourceContext<Services extends object = Readonly<Record<string, unknown>>> {
  /** The worker's own log: tasks of several runs may share the service. */
  readonly log: TaskLog;
  /** Aborted when the worker stops. */
  readonly signal: AbortSignal;
  /** Services of the resources that it needs. */
  readonly resources: Services;
  /** The run it is of; `null` of one that the whole worker shares. */
  readonly run: { readonly dagId: DagId; readonly runId: RunId; readonly attempt: number } | null;
}

/** A service that a worker makes when a task first needs it. */
export interface ResourceOptions<Service, Needs extends ResourceMap> {
  /** Names it in logs and errors. */
  readonly name: string;
  /** @defaultValue `'worker'` */
  readonly scope?: ResourceScope;
  /** Other resources that it is made of. One of a run may need one of the worker, not the other way round. */
  readonly needs?: Needs;
  /** Makes the service; tasks that come meanwhile wait for the same one. When it fails, so do their tries, and the next try calls it again. */
  readonly setUp: (context: ResourceContext<ServicesOf<Needs>>) => Service | Promise<Service>;
  /**
   * Lets go of the service, after those that need it: within seconds after the run closed, once no task of the run was on this worker for
   * ten minutes, or when the worker stops. A worker that is killed does not call it. @defaultValue nothing
   */
  readonly tearDown?: (service: Service, context: ResourceContext<ServicesOf<Needs>>) => unknown;
}

/**
 * Defines a service for tasks, such as a pool of connections or a client with its key: made when it is first needed, and once for all
 * tasks that need it at a time.
 * @example
 * ```ts
 * import { dag, resource } from 'tidegate';
 *
 * const rates = resource({
 *   name: 'rates',
 *   scope: 'worker',
 *   setUp: async ({ log }) => {
 *     log.info('rates loaded');
 *     return new Map([['EUR', 1], ['USD', 0.92]]);
 *   },
 *   tearDown: (known) => known.clear(),
 * });
 *
 * export const convert = dag('convert', {}, (d) => {
 *   d.task('convert', { resources: { rates } }, async ({ resources }) => resources.rates.get('USD') ?? 1);
 * });
 * ```
 * @throws TidegateError `invalid_definition` when an option is not valid
 */
export function resource<Service, const Needs extends ResourceMap = NoResources>(
  options: ResourceOptions<Service, Needs>,
): Resource<Service>;
export function resource(options: ResourceOptions<unknown, ResourceMap>): Resource {
  const { name, scope = 'worker' } = options;
  const needs: ResourceMap = options.needs ?? {};
  if (typeof name !== 'string' || name.trim() === '')
    throw invalidOption('name', name, "write name: 'warehouse'");
  if (scope !== 'worker' && scope !== 'run')
    throw invalidOption(`scope of resource '${name}'`, scope, "use 'worker' or 'run'");
  if (typeof options.setUp !== 'function')
    throw invalidOption(
      `setUp of resource '${name}'`,
      options.setUp,
      'write a function that makes the service',
    );
  requireResources(needs, `needs of resource '${name}'`);
  const shorter = Object.values(needs).find((need) => need.scope === 'run');
  if (scope === 'worker' && shorter !== undefined) {
    throw new TidegateError(
      'invalid_definition',
      `resource '${name}' is of the worker and needs '${shorter.name}', which is of a run: give '${name}' the scope 'run', too`,
    );
  }
  return {
    ...{ [brand]: 'resource', name, scope, needs, place: placeOfCaller() },
    setUp: async (context) => options.setUp(context),
    async tearDown(service, context) {
      await options.tearDown?.(service, context);
    },
  };
}

/** @throws TidegateError `invalid_definition` unless all of them are resources */
export function requireResources(given: unknown, what = 'resources'): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidOption(what, given, 'give them by name, such as { db: warehouse }');
  for (const [name, one] of Object.entries(given))
    if (!isBranded(one, 'resource'))
      throw invalidOption(
        `${what}.${name}`,
        one,
        'write resource({ name, setUp }), or give one that another file exports',
      );
}
