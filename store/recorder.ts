import type { Db } from './database.ts';
import { Grouped } from './grouped.ts';
import type { Recorded, Submission } from './recording.ts';
import { writeAll } from './writing.ts';

/** Most submissions that share one transaction. */
const maxGroup = 500;
/** Most events of one transaction, which holds the log for as long as it writes them: two full bulk requests. */
const maxGroupEvents = 20_000;

/**
 * Writes task successes and events, each submission whole or not at all. Submissions that come while one transaction is
 * under way share the next one (group commit), each as a batch of its own.
 */
export class Recorder {
  readonly #grouped: Grouped<Submission, Recorded>;

  constructor(db: Db) {
    this.#grouped = new Grouped({ write: (submissions) => writeAll(db, submissions), sizeOf: groupSize });
  }

  record(submission: Submission): Promise<Recorded> {
    return this.#grouped.ask(submission);
  }
}

function groupSize(waiting: readonly Submission[]): number {
  let events = 0;
  for (const [index, submission] of waiting.slice(0, maxGroup).entries()) {
    events += submission.events.length;
    if (index > 0 && events > maxGroupEvents) return index;
  }
  return Math.min(waiting.length, maxGroup);
}
