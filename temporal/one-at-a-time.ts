import { setTimeout as delay } from 'node:timers/promises';

interface Work<Key> {
  /** What is done for a key; whatever it was told of until then, it covers. */
  readonly act: (key: Key) => Promise<void>;
  /** Told of each failure; the same is tried again after `pauseMs`. */
  readonly onFailure: (key: Key, failure: { readonly error: string; readonly pauseMs: number }) => void;
}

/** Shortest time between two acts for one key; the first one after a quiet moment never waits. */
const betweenActsMs = 20;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

/**
 * Acts for each key it is told of. One act is under way per key: at rest nothing waits, and under load what comes meanwhile shares the
 * next one.
 */
export class OneAtATime<Key> {
  readonly #work: Work<Key>;
  readonly #due = new Set<Key>();
  readonly #serving = new Map<Key, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(work: Work<Key>) {
    this.#work = work;
  }

  get isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Says that there may be something to do for this key; returns at once. */
  notify(key: Key): void {
    if (this.isStopping) return;
    this.#due.add(key);
    if (!this.#serving.has(key)) this.#serving.set(key, this.#serve(key));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#serving.size > 0) await Promise.all(this.#serving.values());
  }

  /** Does what is due once more and then nothing; what fails now is not tried again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  async #serve(key: Key): Promise<void> {
    let pauseMs = firstPauseMs;
    while (this.#due.delete(key)) {
      try {
        await this.#work.act(key);
        pauseMs = firstPauseMs;
        await this.#pause(betweenActsMs);
      } catch (error) {
        if (this.isStopping) break;
        this.#work.onFailure(key, { error: String(error), pauseMs });
        await this.#pause(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
        this.#due.add(key);
      }
    }
    this.#serving.delete(key);
  }

  /** Waits, or not at all once it is stopping. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
