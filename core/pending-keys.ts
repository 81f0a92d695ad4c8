import type { Batch } from './batch.ts';
import { boundsByKey, type Gate, isMetFor, type Queued } from './gate.ts';
import { aged } from './gate-time.ts';
import { keyOf, type LeafId } from './leaves.ts';

/** Most entries, of a partition key and a leaf, that a gate holds between two messages. */
const maxEntries = 2_000;

/**
 * Lets go of partition keys where there are too many: those that were touched least lately, and of those that are met, and wait for a slot, the
 * newest. What is queued under them is in the log, and is read from there when they are needed.
 */
export function forgetKeys(gate: Gate, most = maxEntries): Gate {
  if (gate.byKeys === undefined || gate.midBatch || Object.keys(gate.queued).length <= most) return gate;
  const pending = [...boundsByKey(gate)];
  const isMet = new Set(pending.map(([key]) => key).filter((key) => isMetFor(gate, key)));
  const unmet = pending.filter(([key]) => !isMet.has(key));
  const met = pending.filter(([key]) => isMet.has(key));
  const order = [
    ...unmet.toSorted(([, a], [, b]) => a.lastSeq - b.lastSeq),
    // Those that settle have their time in the gate.
    ...(gate.settle === undefined ? met.toSorted(([, a], [, b]) => b.firstSeq - a.firstSeq) : []),
  ];
  const forgotten = new Set<string | null>();
  let entries = Object.keys(gate.queued).length;
  for (const [key, { entries: own }] of order) {
    // Some room, so that not every message has to let go of something.
    if (entries <= most * 0.75) break;
    forgotten.add(key);
    entries -= own;
  }
  const kept = Object.entries<Queued>(gate.queued).filter(([leaf]) => !forgotten.has(keyOf(leaf as LeafId)));
  const hasMet = gate.forgotten?.hasMet === true || met.some(([key]) => forgotten.has(key));
  return { ...gate, queued: Object.fromEntries(kept), forgotten: { hasMet } };
}

/** Keys that batches touch and the gate may have let go of. */
export function keysToRecall({ forgotten, queued }: Gate, batches: readonly Batch[]): readonly string[] {
  if (forgotten === undefined) return [];
  const known = new Set(Object.keys(queued).map((leaf) => keyOf(leaf as LeafId)));
  const touched = batches.flatMap(({ entries }) => entries.map(({ leaf }) => keyOf(leaf)));
  return [...new Set(touched)].filter((key) => key !== null && !known.has(key)) as readonly string[];
}

/** The gate with what the log has of keys that it let go of. */
export function recalled(
  gate: Gate,
  queued: Gate['queued'],
  { hasMet = gate.forgotten?.hasMet ?? false } = {},
): Gate {
  return aged({ ...gate, queued: { ...queued, ...gate.queued }, forgotten: { hasMet } });
}
