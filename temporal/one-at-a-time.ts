import { setTimeout as delay } from 'node:timers/promises';

interface Work<Key> {
  /** What is done for a key; whatever it was told of until then, it covers. */
  readonly act: (key: Key) => Promise<void>;
  /** Told of each failure; the same is tried again after `pauseMs`. */
  readonly onFailure: (key: Key, failure: { readonly error: string; readonly pauseMs: number }) => void;
}

/** Time between two acts for one key, in times of what the one before took; the first one after a quiet moment never waits. */
const restFactor = 2;
const shortestRestMs = 20;
const longestRestMs = 250;
const firstPauseMs = 100;
const longestPauseMs = 10_000;

/**
 * Acts for each key it is told of. One act is under way per key: at rest nothing waits, and under load what comes meanwhile shares the
 * next one; the slower acts are, the more of them share one.
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
        const startedAt = performance.now();
        await this.#work.act(key);
        pauseMs = firstPauseMs;
        const took = performance.now() - startedAt;
        await this.#pause(Math.min(longestRestMs, Math.max(shortestRestMs, restFactor * took)));
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
