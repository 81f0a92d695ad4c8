import pg from 'pg';
import type { Db } from './database.ts';
import type { Recorded, Submission } from './recording.ts';
import { writeAll } from './writing.ts';

interface Waiting {
  readonly submission: Submission;
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
}

/** Most submissions that share one transaction. */
const maxGroup = 500;
/** Most events of one transaction, which holds the log for as long as it writes them: two full bulk requests. */
const maxGroupEvents = 20_000;

/**
 * Writes task successes and events, each submission whole or not at all. Submissions that come while one transaction is
 * under way share the next one (group commit), each as a batch of its own.
 */
export class Recorder {
  readonly #db: Db;
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(db: Db) {
    this.#db = db;
  }

  record(submission: Submission): Promise<Recorded> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ submission, resolve, reject });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const size = groupSize(this.#waiting);
      const group = this.#waiting.slice(0, size);
      this.#waiting = this.#waiting.slice(size);
      await this.#writeGroup(group);
    }
    this.#isWriting = false;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await writeAll(
        this.#db,
        group.map(({ submission }) => submission),
      );
      for (const [index, { resolve }] of group.entries()) resolve(outcomes[index] ?? { kind: 'lost' });
    } catch (error) {
      if (group.length > 1 && isOfStatement(error)) {
        for (const one of group) await this.#writeGroup([one]);
      } else {
        for (const { reject } of group) reject(error);
      }
    }
  }
}

/** How many of those that wait fit into one transaction, at least one. */
function groupSize(waiting: readonly Waiting[]): number {
  let events = 0;
  for (const [index, { submission }] of waiting.slice(0, maxGroup).entries()) {
    events += submission.events.length;
    if (index > 0 && events > maxGroupEvents) return index;
  }
  return Math.min(waiting.length, maxGroup);
}

/** SQLSTATE classes by which Postgres says that it serves nothing now: connection, resources, operator intervention, system error. */
const outageClasses = new Set(['08', '53', '57', '58']);

/**
 * Postgres answered and refused something that was asked, so the transaction surely did nothing, and one submission may be at fault for all.
 * Any other failure is the driver's: nobody knows then what was committed.
 */
function isOfStatement(error: unknown): boolean {
  return error instanceof pg.DatabaseError && !outageClasses.has(error.code?.slice(0, 2) ?? '');
}
