import type { Seq } from './asset-event.ts';
import { baseOf, isBase, type LeafId } from './leaves.ts';
import type { Gate, Queued, Taken } from './gate.ts';
import { isNamed, takeLeaves } from './gate-take.ts';

/** What somebody wants out of a queue. */
export interface ClearWish {
  /** Leaves to clear; `null` clears all. */
  readonly leaves: readonly string[] | null;
  /** Clears only what was recorded before this time; `null` clears however new it is. */
  readonly before: number | null;
}

/** What leaves the queue for a wish, as far as its summaries tell. */
export interface Clearing {
  /** Of leaves that leave whole. */
  readonly taken: readonly Taken[];
  /** What remains; leaves that are to be cut are still whole in it. */
  readonly gate: Gate;
  /** Leaves whose queue lies on both sides of a time: where, only the log knows. */
  readonly cut: { readonly leaves: readonly LeafId[]; readonly before: number } | null;
}

/** Where the log says that the queue of a leaf is to be cut. */
export interface Cut {
  readonly leaf: LeafId;
  /** The last event that leaves; `null` where none does. */
  readonly upTo: Seq | null;
  /** What stays queued; `null` where nothing does. */
  readonly rest: Queued | null;
}

/** Decides what leaves. Times never fall along the log, so what is older than a time is always the beginning of a queue. */
export function clear(gate: Gate, { leaves, before }: ClearWish): Clearing {
  const entries = Object.entries<Queued>(gate.queued) as [LeafId, Queued][];
  const names = leaves === null ? null : new Set(leaves);
  const wanted = entries.filter(([leaf]) => isBase(leaf) && (names === null || isNamed(names, leaf)));
  const isOld = ({ lastAt }: Queued): boolean => before === null || lastAt < before;
  const old = wanted.filter(([, queued]) => isOld(queued)).map(([leaf]) => leaf);
  const taken = takeLeaves(gate, new Set(old));
  if (before === null) return { ...taken, cut: null };
  const mixed = wanted
    .filter(([, queued]) => !isOld(queued) && queued.firstAt < before)
    .map(([leaf]) => leaf);
  // What is counted apart of it is cut at the same time.
  const cutLeaves = entries.map(([leaf]) => leaf).filter((leaf) => mixed.includes(baseOf(leaf)));
  return { ...taken, cut: mixed.length === 0 ? null : { leaves: cutLeaves, before } };
}

export function clearsNothing({ taken, cut }: Clearing): boolean {
  return taken.length === 0 && cut === null;
}

/** Completes a clearing with what the log says of the leaves that are to be cut. */
export function cutAt(
  { taken, gate }: Clearing,
  cuts: readonly Cut[],
): { readonly taken: readonly Taken[]; readonly gate: Gate } {
  const parts = cuts.flatMap(({ leaf, upTo, rest }): readonly Taken[] => {
    const queued = gate.queued[leaf];
    if (queued === undefined || upTo === null || !isBase(leaf)) return [];
    return [{ leaf, count: queued.count - (rest?.count ?? 0), firstSeq: queued.firstSeq, upTo }];
  });
  const others = Object.entries<Queued>(gate.queued).filter(([leaf]) =>
    cuts.every((cut) => cut.leaf !== leaf),
  );
  const left = cuts.flatMap(({ leaf, rest }) => (rest === null ? [] : [[leaf, rest] as const]));
  return { taken: [...taken, ...parts], gate: { ...gate, queued: Object.fromEntries([...others, ...left]) } };
}

/** How many events leave. */
export function countTaken(taken: readonly Taken[]): number {
  return taken.reduce((sum, { count }) => sum + count, 0);
}
