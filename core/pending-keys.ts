import type { Batch } from './batch.ts';
import type { Seq } from './asset-event.ts';
import type { Forgotten, Gate, Queued } from './gate.ts';
import { aged } from './gate-time.ts';
import { keyOf, type LeafId } from './leaves.ts';
import { byAge, indexOf } from './pending-index.ts';
import { waitsNoLonger, withMetAt } from './settling.ts';

/** Most entries, of a partition key and a leaf, that a gate holds between two messages. */
const maxEntries = 2_000;

/**
 * Lets go of partition keys where there are too many: those that were touched least lately, and of those that are met, and wait for nothing but
 * a slot, the newest. What is queued under them is in the log, and is read from there when they are needed.
 */
export function forgetKeys(gate: Gate, most = maxEntries): Gate {
  if (gate.byKeys === undefined || gate.midBatch || Object.keys(gate.queued).length <= most) return gate;
  const index = indexOf(gate);
  const pending = [...index.pending];
  const unmet = pending.filter(([key]) => !index.met.has(key));
  const met = pending.filter(([key]) => index.met.has(key) && waitsNoLonger(gate, key));
  const order = [
    ...unmet.toSorted((a, b) => a[1].lastSeq - b[1].lastSeq || byAge(a, b)),
    ...met.toSorted((a, b) => byAge(b, a)),
  ];
  const forgotten = new Set<string | null>();
  let entries = Object.keys(gate.queued).length;
  for (const [key, { leaves }] of order) {
    // Some room, so that not every message has to let go of something.
    if (entries <= most * 0.75) break;
    forgotten.add(key);
    entries -= leaves.size;
  }
  const kept = Object.entries<Queued>(gate.queued).filter(([leaf]) => !forgotten.has(keyOf(leaf as LeafId)));
  const metFrom = met.filter(([key]) => forgotten.has(key)).map(([, { firstSeq }]) => firstSeq);
  return withMetAt({
    ...gate,
    queued: Object.fromEntries(kept),
    forgotten: withMet(gate.forgotten, metFrom),
  });
}

/** @param metFrom - where the met ones begin that are let go of now */
function withMet(before: Forgotten | undefined, metFrom: readonly Seq[]): Forgotten {
  if (metFrom.length === 0) return before ?? { hasMet: false };
  const known = before?.hasMet === true ? before.metFrom : Number.POSITIVE_INFINITY;
  // What was let go of before it was noted where it begins may be as old as anything.
  return { hasMet: true, metFrom: Math.min(known ?? 0, ...metFrom) };
}

/** Keys that batches touch and the gate may have let go of. */
export function keysToRecall(gate: Gate, batches: readonly Batch[]): readonly string[] {
  if (gate.forgotten === undefined) return [];
  const { pending } = indexOf(gate);
  const touched = batches.flatMap(({ entries }) => entries.map(({ leaf }) => keyOf(leaf)));
  return [...new Set(touched)].filter((key) => key !== null && !pending.has(key)) as readonly string[];
}

/** The gate with what the log has of keys that it let go of. Of those that were met, none waited for more. */
export function recalled(
  gate: Gate,
  queued: Gate['queued'],
  forgotten: Forgotten = gate.forgotten ?? { hasMet: false },
): Gate {
  const keys = Object.keys(queued).map((leaf) => [keyOf(leaf as LeafId) ?? '', null]);
  const metAt = gate.settle === undefined ? {} : { metAt: { ...gate.metAt, ...Object.fromEntries(keys) } };
  const all: Gate = { ...gate, queued: { ...queued, ...gate.queued }, forgotten, ...metAt };
  return aged(all);
}
