import { WorkflowNotFoundError } from '@temporalio/client';
import type { Db } from '../store/database.ts';
import { type GrantedLease, type LeaseAsk, type LeaseHolder, nameOf } from '../store/pool-leases.ts';
import { markTold } from '../store/pool-sweep.ts';
import { type LeaseAnswer, settlePool } from '../store/settle-pool.ts';
import { slotsGrantedSignal } from '../workflows/messages.ts';
import type { Log, Temporal } from './deps.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** Most asks, or returns, of one transaction. */
const maxAtOnce = 500;
/** A timer holds at most 2^31 - 1 ms; whoever comes too early looks again. */
const longestTimerMs = 2_147_483_647;

/** Something that is to be settled, and who waits for that. */
interface Pending {
  readonly ask?: LeaseAsk;
  readonly returned?: LeaseHolder;
  settle(answer: LeaseAnswer): void;
  fail(error: unknown): void;
}

/**
 * Asks for leases of pools and gives them back, many in one transaction under load, and tells workflows what they were granted. What a process that dies has
 * not told, or would have given at the next start that a rate allows, a sweep does.
 */
export class Pools {
  readonly #options: { readonly db: Db; readonly temporal: Temporal; readonly log: Log };
  readonly #pending = new Map<string, Pending[]>();
  readonly #untold = new Map<string, Map<string, GrantedLease & { readonly pool: string }>>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #settling: OneAtATime<string>;
  readonly #telling: OneAtATime<string>;

  constructor(options: { readonly db: Db; readonly temporal: Temporal; readonly log: Log }) {
    this.#options = options;
    this.#settling = new OneAtATime({
      act: (pool) => this.#settle(pool),
      onFailure: (pool, failure) =>
        options.log.warn('pool not settled, will be tried again', { pool, ...failure }),
    });
    this.#telling = new OneAtATime({
      act: (workflowId) => this.#tell(workflowId),
      onFailure: (workflowId, failure) =>
        options.log.warn('workflow not told of its slots, will be tried again', { workflowId, ...failure }),
    });
  }

  /** Asks for a lease; asked again, it is the same one. Fails when Postgres does not answer. */
  ask(pool: string, ask: LeaseAsk): Promise<LeaseAnswer> {
    return this.#put(pool, { ask });
  }

  /** Gives back what is held, or waited for. Given back again it changes nothing. */
  async giveBack(pool: string, returned: LeaseHolder): Promise<void> {
    await this.#put(pool, { returned });
  }

  /** Says that something of these pools may be free; returns at once. */
  notify(pools: readonly string[]): void {
    for (const pool of pools) this.#settling.notify(pool);
  }

  /** Tells workflows what they were granted; returns at once. */
  tell(leases: readonly (GrantedLease & { readonly pool: string })[]): void {
    for (const lease of leases) {
      const untold = this.#untold.get(lease.workflowId) ?? new Map();
      this.#untold.set(lease.workflowId, untold.set(nameOf(lease), lease));
    }
    for (const id of new Set(leases.map(({ workflowId }) => workflowId))) this.#telling.notify(id);
  }

  /** Ends what is under way, and tells what is left if it can be told at once. */
  async stop(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#settling.stop();
    for (const [pool, pending] of this.#pending) {
      for (const one of pending) one.fail(new Error(`pool ${pool} was not settled: the process stops`));
    }
    await this.#telling.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #put(pool: string, wish: Pick<Pending, 'ask' | 'returned'>): Promise<LeaseAnswer> {
    if (this.#settling.isStopping) return Promise.reject(new Error('the process stops'));
    return new Promise((settle, fail) => {
      const pending = this.#pending.get(pool) ?? [];
      this.#pending.set(pool, pending);
      pending.push({ ...wish, settle, fail });
      this.#settling.notify(pool);
    });
  }

  async #settle(pool: string): Promise<void> {
    do {
      const pending = this.#pending.get(pool)?.splice(0, maxAtOnce) ?? [];
      const asks = pending.flatMap(({ ask }) => ask ?? []);
      const returns = pending.flatMap(({ returned }) => returned ?? []);
      try {
        const { answers, granted, nextInMs } = await settlePool(this.#options.db, pool, { asks, returns });
        const answered = answers.values();
        for (const one of pending)
          one.settle(
            one.ask === undefined ? { kind: 'granted' } : (answered.next().value ?? { kind: 'granted' }),
          );
        this.tell(granted.map((lease) => ({ ...lease, pool })));
        this.#wake(pool, nextInMs);
      } catch (error) {
        // Whoever asked hears of it and asks again; the pool itself is looked at again all the same.
        for (const one of pending) one.fail(error);
        throw error;
      }
    } while ((this.#pending.get(pool)?.length ?? 0) > 0);
    this.#pending.delete(pool);
  }

  /** Looks again when the rate allows the next start. */
  #wake(pool: string, inMs: number | null): void {
    clearTimeout(this.#timers.get(pool));
    this.#timers.delete(pool);
    if (inMs === null || this.#settling.isStopping) return;
    const timer = setTimeout(() => this.#settling.notify(pool), Math.min(inMs, longestTimerMs));
    // A process that has nothing else to do ends; a sweep goes on.
    this.#timers.set(pool, timer.unref());
  }

  async #tell(workflowId: string): Promise<void> {
    const untold = this.#untold.get(workflowId);
    while (untold !== undefined && untold.size > 0) {
      const leases = [...untold.values()];
      const granted = leases.map(({ taskId = null, mapIndex = -1 }) => ({ taskId, mapIndex }));
      try {
        await this.#options.temporal.client.workflow
          .getHandle(workflowId)
          .signal(slotsGrantedSignal, granted);
        await markTold(this.#options.db, leases);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        // Nobody is there to use it.
        for (const lease of leases) await this.giveBack(lease.pool, lease);
      }
      for (const lease of leases) untold.delete(nameOf(lease));
    }
    this.#untold.delete(workflowId);
  }
}
