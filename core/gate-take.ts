import type { Seq } from './asset-event.ts';
import type { Gate, Queued, Taken } from './gate.ts';
import { isSettled, tooOldBefore } from './gate-time.ts';
import { heldBy } from './held-keys.ts';
import { baseOf, isBase, type LeafId, withoutKey } from './leaves.ts';
import { byAge, copyQueued, indexOf, noteTaken, type PendingKey } from './pending-index.ts';
import { withMetAt } from './settling.ts';

/** Whether a run may open: the condition is met by what is queued, of any partition key, and has settled. */
export function isMet(gate: Gate): boolean {
  for (const key of indexOf(gate).met) if (isOpen(gate, key)) return true;
  return false;
}

/** Whether a run of this key may open: no run that goes on holds it, and the condition is met and has settled. */
export function isOpen(gate: Gate, key: string | null): boolean {
  return !gate.midBatch && heldBy(gate, key) === null && indexOf(gate).met.has(key) && isSettled(gate, key);
}

/** What a run takes, the gate that remains, and the key it is of. */
export interface TakenRun {
  readonly taken: readonly Taken[];
  readonly gate: Gate;
  readonly key: string | null;
}

/** Takes what opens the gate, of the key whose oldest event is the oldest; of that key everything, also for branches that were not needed. */
export function takeMet(gate: Gate): TakenRun | null {
  const { pending, met } = indexOf(gate);
  if (met.size === 0) return null;
  let oldest: readonly [key: string | null, PendingKey] | undefined;
  for (const one of pending) {
    if ((oldest === undefined || byAge(one, oldest) < 0) && isOpen(gate, one[0])) oldest = one;
  }
  if (oldest === undefined) return null;
  const [key, { leaves }] = oldest;
  const queued = copyQueued(gate.queued);
  const own: (readonly [string, Queued])[] = [];
  for (const leaf of key === null ? (Object.keys(queued) as LeafId[]) : leaves) {
    const one = queued[leaf];
    if (one !== undefined) own.push([leaf, one]);
    delete queued[leaf];
  }
  noteTaken(queued, key);
  return { taken: takenOf(gate, own), gate: withMetAt({ ...gate, queued }), key };
}

/** Partition keys with something queued, that with the oldest event first. */
export function pendingKeys(gate: Gate): readonly string[] {
  const oldestFirst = [...indexOf(gate).pending].toSorted(byAge);
  return oldestFirst.flatMap(([key]) => key ?? []);
}

/** Takes everything that is queued, also for branches that were not needed. */
export function takeAll(gate: Gate): { readonly taken: readonly Taken[]; readonly gate: Gate } {
  return takeLeaves(gate, new Set(Object.keys(gate.queued)));
}

/** Whether a leaf is counted under one of these, each with its key, or without one for all keys. */
export function isNamed(leaves: ReadonlySet<string>, leaf: LeafId): boolean {
  const base = baseOf(leaf);
  return leaves.has(base) || leaves.has(withoutKey(base));
}

/** Takes what is queued for these leaves, of those it has, and what was counted apart of it. */
export function takeLeaves(
  gate: Gate,
  leaves: ReadonlySet<string>,
): { readonly taken: readonly Taken[]; readonly gate: Gate } {
  const entries = Object.entries<Queued>(gate.queued);
  const isTaken = ([leaf]: readonly [string, Queued]): boolean => isNamed(leaves, leaf as LeafId);
  const left = Object.fromEntries(entries.filter((entry) => !isTaken(entry)));
  return {
    taken: takenOf(gate, entries.filter(isTaken)),
    gate: withMetAt({ ...gate, queued: left }),
  };
}

/** Position of the oldest of these. */
export function firstSeqOf(taken: readonly Taken[]): Seq {
  return taken.reduce((first, { firstSeq }) => Math.min(first, firstSeq), Number.POSITIVE_INFINITY);
}

/** Position of the newest of these, which names the run that takes them; 0 when there are none. */
export function newestSeq(taken: readonly Taken[]): Seq {
  return taken.reduce((newestSoFar, { upTo }) => Math.max(newestSoFar, upTo), 0);
}

/** What leaves with these queues. */
export function takenOf(gate: Gate, entries: readonly (readonly [string, Queued])[]): readonly Taken[] {
  const oldBefore = tooOldBefore(gate);
  return entries.flatMap(([name, queued]): readonly Taken[] => {
    const leaf = name as LeafId;
    if (!isBase(leaf)) return [];
    const { count: events, firstSeq, lastSeq } = queued;
    const tooOld = oldBefore(leaf, queued);
    return [{ leaf, count: events, firstSeq, upTo: lastSeq, ...(tooOld === null ? {} : { tooOld }) }];
  });
}
