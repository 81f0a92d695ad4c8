import { setTimeout as delay } from 'node:timers/promises';
import type { Resource, ResourceContext } from '../sdk/resource.ts';
import type { Log } from '../temporal/deps.ts';

/** How long one resource may take to let go of what it holds. */
const tearDownMs = 10_000;

/** A resource could not be set up, so a try that needs it failed. */
export class ResourceFailed extends Error {
  override readonly name = 'ResourceFailed';

  constructor(resource: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`resource '${resource}' could not be set up: ${why}`, { cause });
  }
}

interface Ready {
  readonly resource: Resource;
  readonly service: unknown;
  readonly context: ResourceContext;
}

/** Services that are kept together: each is set up once for all who ask, and torn down after those that are made of it. */
export class SetUps {
  readonly #log: Log;
  readonly #asked = new Map<Resource, Promise<unknown>>();
  /** In the order in which they were set up. */
  readonly #ready: Ready[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** @throws ResourceFailed to everybody who waits for a set-up that fails; who asks later has it tried again */
  get(resource: Resource, contextOf: () => Promise<ResourceContext>): Promise<unknown> {
    const asked = this.#asked.get(resource);
    if (asked !== undefined) return asked;
    const setUp = this.#setUp(resource, contextOf);
    this.#asked.set(resource, setUp);
    setUp.catch(() => this.#asked.delete(resource));
    return setUp;
  }

  /** Never fails: what cannot be torn down is said. */
  async tearDown(): Promise<void> {
    await Promise.allSettled(this.#asked.values());
    for (const ready of this.#ready.toReversed()) await this.#tearDownOne(ready);
    this.#asked.clear();
    this.#ready.length = 0;
  }

  async #setUp(resource: Resource, contextOf: () => Promise<ResourceContext>): Promise<unknown> {
    const context = await contextOf();
    try {
      const service = await resource.setUp(context);
      this.#ready.push({ resource, service, context });
      return service;
    } catch (error) {
      throw new ResourceFailed(resource.name, error);
    }
  }

  async #tearDownOne({ resource, service, context }: Ready): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([
        resource.tearDown(service, context),
        delay(tearDownMs, undefined, { signal: over.signal }).then(() => {
          throw new Error(`it took longer than ${tearDownMs} ms`);
        }),
      ]);
    } catch (error) {
      this.#log.warn('resource not torn down', { resource: resource.name, error: String(error) });
    } finally {
      over.abort();
    }
  }
}
