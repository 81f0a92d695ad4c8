import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** How requests share statements. */
export interface Grouping<Request, Answer> {
  /** Does what a group asks for, whole or not at all. @returns an answer to each, in their order */
  readonly write: (requests: readonly Request[]) => Promise<readonly Answer[]>;
  /** How many of those that wait fit into one group, at least one. */
  readonly sizeOf: (waiting: readonly Request[]) => number;
  /** How long after a group the next one is collected. @defaultValue not at all, in milliseconds */
  readonly pauseMs?: number;
  /** Called when nobody waits any more. */
  readonly onIdle?: () => void;
}

interface Waiting<Request, Answer> {
  readonly request: Request;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Does one group of requests at a time: those that come meanwhile share the next one (group commit). */
export class Grouped<Request, Answer> {
  readonly #grouping: Grouping<Request, Answer>;
  #waiting: Waiting<Request, Answer>[] = [];
  #isWriting = false;

  constructor(grouping: Grouping<Request, Answer>) {
    this.#grouping = grouping;
  }

  /** @throws what Postgres refused of this request, or why nobody knows what became of it */
  ask(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const size = this.#grouping.sizeOf(this.#waiting.map(({ request }) => request));
      const group = this.#waiting.slice(0, size);
      this.#waiting = this.#waiting.slice(size);
      await this.#writeGroup(group);
      if (this.#grouping.pauseMs !== undefined) await delay(this.#grouping.pauseMs);
    }
    this.#isWriting = false;
    this.#grouping.onIdle?.();
  }

  async #writeGroup(group: readonly Waiting<Request, Answer>[]): Promise<void> {
    try {
      const answers = await this.#grouping.write(group.map(({ request }) => request));
      for (const [index, answer] of answers.entries()) group[index]?.resolve(answer);
    } catch (error) {
      if (group.length > 1 && isOfStatement(error)) {
        for (const one of group) await this.#writeGroup([one]);
      } else {
        for (const { reject } of group) reject(error);
      }
    }
  }
}

/** SQLSTATE classes by which Postgres says that it serves nothing now: connection, resources, operator intervention, system error. */
const outageClasses = new Set(['08', '53', '57', '58']);

/**
 * Postgres answered and refused something that was asked, so the transaction surely did nothing, and one request may be at fault for all.
 * Any other failure is the driver's: nobody knows then what was committed.
 */
function isOfStatement(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !outageClasses.has(error.code?.slice(0, 2) ?? '');
}
