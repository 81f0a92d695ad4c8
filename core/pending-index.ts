import type { Seq } from './asset-event.ts';
import type { Entry } from './batch.ts';
import { type Gate, isMetFor, type Queued } from './gate.ts';
import { keyOf, type LeafId } from './leaves.ts';

/** What is queued of one partition key. */
export interface PendingKey {
  readonly leaves: ReadonlySet<LeafId>;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly lastAt: number;
}

/** Partition keys with something queued, and which of them are met; `null` is the key where runs are not by partition. */
export interface PendingIndex {
  readonly pending: ReadonlyMap<string | null, PendingKey>;
  readonly met: ReadonlySet<string | null>;
}

interface OwnIndex extends PendingIndex {
  readonly condition: Gate['condition'];
  readonly pending: Map<string | null, OwnPending>;
  readonly met: Set<string | null>;
}

interface OwnPending extends PendingKey {
  readonly leaves: Set<LeafId>;
  firstSeq: Seq;
  lastSeq: Seq;
  lastAt: number;
}

/**
 * What follows from a queue, kept beside it and moved on with it, so that an event costs what it touches and not what is pending. Whoever asks
 * for that of a queue it was moved away from has it worked out again.
 */
const indexes = new WeakMap<Gate['queued'], OwnIndex>();

export function indexOf(gate: Gate): PendingIndex {
  const known = indexes.get(gate.queued);
  if (known?.condition === gate.condition) return known;
  const index = workedOut(gate);
  indexes.set(gate.queued, index);
  return index;
}

/** Which of two keys comes first: that with the oldest event, and of one event's keys in the order of their names, wherever they are kept. */
export function byAge(
  [a, { firstSeq: from }]: readonly [string | null, PendingKey],
  [b, { firstSeq: to }]: readonly [string | null, PendingKey],
): number {
  return from - to || ((a ?? '') < (b ?? '') ? -1 : 1);
}

/** A copy of a queue to change; what is known of the queue moves on to it. */
export function copyQueued(queued: Gate['queued']): Record<LeafId, Queued> {
  // With thousands of keys an object without prototype is copied several times as fast.
  const copy: Record<LeafId, Queued> = Object.create(null);
  for (const leaf of Object.keys(queued) as LeafId[]) copy[leaf] = queued[leaf] as Queued;
  const known = indexes.get(queued);
  if (known !== undefined) {
    indexes.delete(queued);
    indexes.set(copy, known);
  }
  return copy;
}

/** Notes what was added to the queue of a gate. @param further - keys that may be met by it */
export function noteAdded(gate: Gate, entries: readonly Entry[], further: Iterable<string | null>): void {
  const known = indexes.get(gate.queued);
  if (known === undefined) return;
  for (const entry of entries) add(known.pending, entry.leaf, entry);
  for (const key of further) {
    if (isMetFor(gate, key)) known.met.add(key);
    else known.met.delete(key);
  }
}

/** Notes that nothing is queued under a key any more. */
export function noteTaken(queued: Gate['queued'], key: string | null): void {
  const known = indexes.get(queued);
  known?.pending.delete(key);
  known?.met.delete(key);
}

function workedOut(gate: Gate): OwnIndex {
  const pending = new Map<string | null, OwnPending>();
  for (const [leaf, queued] of Object.entries<Queued>(gate.queued)) add(pending, leaf as LeafId, queued);
  const met = new Set([...pending.keys()].filter((key) => isMetFor(gate, key)));
  return { condition: gate.condition, pending, met };
}

function add(
  pending: Map<string | null, OwnPending>,
  leaf: LeafId,
  { firstSeq, lastSeq, lastAt }: Pick<Queued, 'firstSeq' | 'lastSeq' | 'lastAt'>,
): void {
  const key = keyOf(leaf);
  const before = pending.get(key);
  if (before === undefined) {
    pending.set(key, { leaves: new Set([leaf]), firstSeq, lastSeq, lastAt });
    return;
  }
  before.leaves.add(leaf);
  before.firstSeq = Math.min(before.firstSeq, firstSeq);
  before.lastSeq = Math.max(before.lastSeq, lastSeq);
  before.lastAt = Math.max(before.lastAt, lastAt);
}
