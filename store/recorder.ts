import pg from 'pg';
import type { Seq } from '../core/asset-event.ts';
import type { Db } from './database.ts';
import { takePositions, type Tx } from './log.ts';
import {
  claimKeys,
  type IdempotencyKey,
  insertEvents,
  markSucceeded,
  type PlacedEvent,
  readKeys,
  setKeySeqs,
  type Submission,
  type TaskSuccess,
} from './recording.ts';

/** What became of a submission. */
export type Recorded =
  | { readonly kind: 'recorded'; readonly seqs: readonly Seq[]; readonly at: Date }
  /** Its idempotency key was used before: nothing new was recorded. */
  | { readonly kind: 'repeated'; readonly firstSeq: Seq; readonly requestHash: string }
  /** Its try is no longer the running one, or its run was closed: nothing was recorded. */
  | { readonly kind: 'lost' };

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
      const outcomes = await this.#db.transaction().execute((tx) =>
        writeAll(
          tx,
          group.map(({ submission }) => submission),
        ),
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

async function writeAll(tx: Tx, submissions: readonly Submission[]): Promise<readonly Recorded[]> {
  const won = await winners(tx, submissions);
  const keys = await freeKeys(
    tx,
    submissions.filter((_, index) => won.has(index)),
  );
  const accepted = submissions.filter(
    (submission, index) => won.has(index) && isFirstOfKey(submission, keys),
  );

  const total = accepted.reduce((sum, { events }) => sum + events.length, 0);
  // Nothing to place, so the log stays unlocked and its head where it is.
  const positions = total === 0 ? { first: 0, head: 0, at: new Date() } : await takePositions(tx, total);
  const placed = place(accepted, positions.first);
  if (total > 0) await insertEvents(tx, [...placed.values()].flat(), positions.at);
  await nameKeys(tx, placed);

  const used = await usedKeys(
    tx,
    submissions.filter((submission, index) => won.has(index) && !placed.has(submission)),
  );
  return submissions.map((submission, index): Recorded => {
    const events = placed.get(submission);
    if (events !== undefined)
      return { kind: 'recorded', seqs: events.map(({ seq }) => seq), at: positions.at };
    const before = submission.idempotencyKey && used.get(submission.idempotencyKey.key);
    if (!won.has(index) || before === undefined) return { kind: 'lost' };
    return { kind: 'repeated', firstSeq: before.seq, requestHash: before.requestHash };
  });
}

/** Indices of submissions whose task success counts, and of those that have none. */
async function winners(tx: Tx, submissions: readonly Submission[]): Promise<ReadonlySet<number>> {
  const successes: TaskSuccess[] = [];
  const indices: number[] = [];
  const won = new Set<number>();
  for (const [index, { success }] of submissions.entries()) {
    if (success === undefined) won.add(index);
    else {
      successes.push(success);
      indices.push(index);
    }
  }
  if (successes.length === 0) return won;
  for (const place of await markSucceeded(tx, successes)) won.add(indices[place] ?? -1);
  return won;
}

async function freeKeys(tx: Tx, submissions: readonly Submission[]): Promise<Set<string>> {
  const keys = keysOf(submissions);
  return new Set(keys.length === 0 ? [] : await claimKeys(tx, keys));
}

/** Of several submissions with one key in the same group the first one counts. */
function isFirstOfKey({ idempotencyKey }: Submission, free: Set<string>): boolean {
  return idempotencyKey === undefined || free.delete(idempotencyKey.key);
}

function place(accepted: readonly Submission[], first: Seq): ReadonlyMap<Submission, readonly PlacedEvent[]> {
  let next = first;
  return new Map(
    accepted.map((submission) => {
      const from = next;
      next += submission.events.length;
      const batchEnd = next - 1;
      const { source } = submission;
      return [
        submission,
        submission.events.map((event, index) => ({ seq: from + index, batchEnd, event, source })),
      ];
    }),
  );
}

async function nameKeys(tx: Tx, placed: ReadonlyMap<Submission, readonly PlacedEvent[]>): Promise<void> {
  const seqs = new Map<string, Seq>();
  for (const [{ idempotencyKey }, [event]] of placed) {
    if (idempotencyKey !== undefined && event !== undefined) seqs.set(idempotencyKey.key, event.seq);
  }
  if (seqs.size > 0) await setKeySeqs(tx, seqs);
}

async function usedKeys(tx: Tx, submissions: readonly Submission[]): ReturnType<typeof readKeys> {
  const keys = keysOf(submissions).map(({ key }) => key);
  return keys.length === 0 ? new Map() : readKeys(tx, keys);
}

function keysOf(submissions: readonly Submission[]): readonly IdempotencyKey[] {
  return submissions.flatMap(({ idempotencyKey }) => (idempotencyKey === undefined ? [] : [idempotencyKey]));
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
