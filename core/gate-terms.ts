import type { Seq } from './asset-event.ts';
import { leavesOf } from './condition.ts';
import { noDeadlines } from './deadline.ts';
import type { Gate, GateTerms, Queued, Taken } from './gate.ts';
import { takenOf } from './gate-take.ts';
import { isTimed } from './gate-time.ts';
import { withMetAt } from './settling.ts';
import { baseOf, isBase, keyOf, type LeafId, ofKey, withoutKey } from './leaves.ts';

/** A gate into which nothing was counted. */
export function emptyGate({ condition, settle, takes, deadline, byKeys }: GateTerms, watermark: Seq): Gate {
  const terms: GateTerms = {
    condition,
    ...(settle === undefined ? {} : { settle }),
    ...(takes === undefined ? {} : { takes }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(byKeys === undefined ? {} : { byKeys }),
  };
  return {
    ...{ ...terms, watermark, midBatch: false, queued: {} },
    ...(isTimed(terms) ? { at: 0 } : {}),
    ...(deadline === undefined ? {} : { deadlines: noDeadlines }),
  };
}

/**
 * Puts other terms in force from `at` on: subscriptions that stay keep their queue, what others had is dropped. Leaves that count in
 * another way than before are empty; `uncounted` says which of them may have something.
 */
export function redefine(
  before: Gate,
  terms: GateTerms,
  at: Seq,
): { readonly gate: Gate; readonly dropped: readonly Taken[]; readonly uncounted: readonly LeafId[] } {
  const { at: time, metAt, deadlines, expired, ignored } = before;
  const hasDeadlines = terms.deadline !== undefined || (deadlines?.due.length ?? 0) > 0;
  const wanted = new Set(terms.condition === null ? [] : leavesOf(terms.condition));
  const bases = new Set([...wanted].map(baseOf));
  const entries = Object.entries<Queued>(before.queued) as [LeafId, Queued][];
  const isKept = ([leaf]: readonly [LeafId, Queued]): boolean =>
    keysOf(before, leaf) === keysOf(terms, leaf) &&
    (isBase(leaf) ? bases.has(withoutKey(leaf)) : wanted.has(withoutKey(leaf)));
  const kept = entries.filter(isKept);
  const keptBases = kept.map(([leaf]) => leaf).filter(isBase);
  const counted = new Set<string>(kept.map(([leaf]) => leaf));
  const uncounted = [...wanted].flatMap((leaf) =>
    keptBases.flatMap((base) => (baseOf(leaf) === withoutKey(base) ? [ofKey(leaf, keyOf(base))] : [])),
  );
  const next: Gate = {
    ...emptyGate(terms, Math.max(before.watermark, at)),
    ...(isTimed(terms) ? { at: time ?? newestAt(kept) } : {}),
    ...(metAt === undefined || terms.settle === undefined ? {} : { metAt }),
    ...(deadlines === undefined || !hasDeadlines ? {} : { deadlines }),
    ...(expired === undefined ? {} : { expired }),
    ...(ignored === undefined ? {} : { ignored }),
    ...(before.forgotten === undefined || terms.byKeys === undefined
      ? {}
      : { forgotten: { hasMet: true, metFrom: 0 } }),
    queued: Object.fromEntries(kept),
  };
  return {
    gate: withMetAt(next),
    dropped: takenOf(
      next,
      entries.filter((entry) => !isKept(entry)),
    ),
    uncounted: uncounted.filter((leaf) => !counted.has(leaf)),
  };
}

/** What stands for how the keys of a leaf are made. */
function keysOf({ byKeys }: GateTerms, leaf: LeafId): string | undefined {
  return byKeys?.[withoutKey(baseOf(leaf))];
}

function newestAt(entries: readonly (readonly [LeafId, Queued])[]): number {
  return entries.reduce((newestSoFar, [, { lastAt }]) => Math.max(newestSoFar, lastAt), 0);
}
