import type { Resource, ResourceContext, ResourceMap } from '../sdk/resource.ts';
import type { Db } from '../store/database.ts';
import { readOpenAttempts } from '../store/open-attempts.ts';
import type { RunAttempt } from '../store/runs.ts';
import type { Log } from '../temporal/deps.ts';
import { SetUps } from './set-ups.ts';

/** How often it is looked whether runs whose services are kept have closed. */
const lookEveryMs = 5_000;
/** How long the services of a run are kept while none of its tasks is here. */
const idleMs = 10 * 60_000;

/** The services of one try. */
export interface Lease {
  /** By the names that the task has for them. */
  readonly services: object;
  /** Says that the task's code has ended. */
  readonly release: () => void;
}

/** What tasks are given of their resources; a test gives them other services. */
export interface Resources {
  /**
   * Sets up what is not there yet.
   * @throws ResourceFailed when a set-up fails; the next call sets it up again
   */
  use(given: ResourceMap, run: RunAttempt): Promise<Lease>;
  /** Tears down everything, once no task runs any more. */
  close(): Promise<void>;
}

export interface ResourcesOptions {
  readonly db: Db;
  readonly clock: () => number;
  readonly log: Log;
  /** Services that stand in for resources; these are neither set up nor torn down. @defaultValue none */
  readonly overrides?: ReadonlyMap<Resource, unknown>;
}

type Services = Readonly<Record<string, unknown>>;

interface KeptRun {
  readonly run: RunAttempt;
  readonly services: SetUps;
  /** Tries that use them. */
  users: number;
  idleSinceAt: number;
}

/** The services that one worker process keeps for its tasks. */
export class WorkerResources implements Resources {
  readonly #options: ResourcesOptions;
  readonly #ofWorker: SetUps;
  readonly #ofRuns = new Map<string, KeptRun>();
  readonly #stopping = new AbortController();
  #looking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResourcesOptions) {
    this.#options = options;
    this.#ofWorker = new SetUps(options.log);
  }

  async use(given: ResourceMap, run: RunAttempt): Promise<Lease> {
    // Code that was given up on may still ask, and nobody would tear down what it gets.
    if (this.#stopping.signal.aborted)
      throw new Error('the worker has stopped: its resources were torn down');
    const kept = Object.values(given).some(({ scope }) => scope === 'run') ? this.#keep(run) : undefined;
    const release = (): void => {
      if (kept === undefined) return;
      kept.users -= 1;
      kept.idleSinceAt = this.#options.clock();
    };
    try {
      return { services: await this.#servicesOf(given, kept), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#looking;
    await Promise.all([...this.#ofRuns.values()].map(({ services }) => services.tearDown()));
    this.#ofRuns.clear();
    // What is of a run may be made of these.
    await this.#ofWorker.tearDown();
  }

  async #servicesOf(given: ResourceMap, kept: KeptRun | undefined): Promise<Services> {
    const named = await Promise.all(
      Object.entries(given).map(async ([name, one]) => [name, await this.#service(one, kept)] as const),
    );
    return Object.fromEntries(named);
  }

  async #service(resource: Resource, kept: KeptRun | undefined): Promise<unknown> {
    const { overrides } = this.#options;
    if (overrides?.has(resource) === true) return overrides.get(resource);
    const set = resource.scope === 'run' ? kept?.services : this.#ofWorker;
    return set?.get(resource, async (): Promise<ResourceContext> => ({
      log: this.#options.log,
      signal: this.#stopping.signal,
      resources: await this.#servicesOf(resource.needs, kept),
      run: resource.scope === 'run' && kept !== undefined ? kept.run : null,
    }));
  }

  #keep({ dagId, runId, attempt }: RunAttempt): KeptRun {
    const key = JSON.stringify([dagId, runId, attempt]);
    const known = this.#ofRuns.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known;
    }
    const services = new SetUps(this.#options.log);
    const kept: KeptRun = { run: { dagId, runId, attempt }, services, users: 1, idleSinceAt: 0 };
    this.#ofRuns.set(key, kept);
    this.#timer ??= setInterval(() => {
      this.#looking = this.#looking.then(() => this.#letGo());
    }, lookEveryMs);
    return kept;
  }

  /** Tears down what belongs to runs that have closed, or that are somewhere else by now. */
  async #letGo(): Promise<void> {
    const { db, clock, log } = this.#options;
    if (this.#ofRuns.size === 0) return;
    try {
      const isOpen = await readOpenAttempts(
        db,
        [...this.#ofRuns.values()].map(({ run }) => run),
      );
      for (const [key, kept] of this.#ofRuns) {
        const isOver = !isOpen(kept.run) || clock() - kept.idleSinceAt > idleMs;
        if (kept.users > 0 || !isOver) continue;
        // Gone before it is torn down: a task that comes now gets services of its own.
        this.#ofRuns.delete(key);
        await kept.services.tearDown();
      }
    } catch (error) {
      log.warn('resources of closed runs not looked for, will be tried again', { error: String(error) });
    }
  }
}
