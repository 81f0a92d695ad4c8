import type { AssetRef } from './asset-uri.ts';
import type { LeafId } from './batch.ts';
import { type Condition, isSatisfied } from './condition.ts';
import type { Consumer } from './consumer.ts';
import type { Gate, Queued } from './gate.ts';

/** The condition tree with, per node, what arrived and what is missing. */
export type Explanation =
  | {
      readonly kind: 'asset';
      readonly asset: AssetRef;
      readonly met: boolean;
      readonly queued: Queued | null;
    }
  | { readonly kind: 'all' | 'any'; readonly met: boolean; readonly of: readonly Explanation[] };

/** Which asset each leaf of a consumer's condition stands for. */
export type LeafAssets = Readonly<Record<LeafId, AssetRef>>;

/** @throws Error when a leaf has no asset in `assets`: the definition is broken */
export function explain(condition: Condition<LeafId>, assets: LeafAssets, gate: Gate): Explanation {
  if (condition.kind === 'asset') {
    const asset = assets[condition.asset];
    if (asset === undefined) throw new Error(`leaf ${condition.asset} stands for no asset`);
    const queued = gate.queued[condition.asset] ?? null;
    return { kind: 'asset', asset, met: queued !== null, queued };
  }
  return {
    kind: condition.kind,
    met: isSatisfied(condition, (leaf) => leaf in gate.queued),
    of: condition.of.map((part) => explain(part, assets, gate)),
  };
}

/** Most assets one sentence names. */
const maxNamed = 5;

/** What a consumer waits for, in one sentence. */
export function summarize(consumer: Consumer, explanation: Explanation | null): string {
  const active = consumer.activeRuns.length;
  if (consumer.isPaused) return `Paused; ${progressOf(explanation)}; nothing starts until it is resumed.`;
  if (active >= consumer.maxActiveRuns && (explanation?.met === true || consumer.hasRequests)) {
    return `Ready, but ${active} of ${consumer.maxActiveRuns} runs are active; the next one starts when one of them ends.`;
  }
  if (consumer.hasRequests) return 'A requested run is about to start.';
  if (explanation === null) return 'Waits for no asset: it runs by time or by hand.';
  if (explanation.met && leafCount(explanation) > 0)
    return 'All it needs has arrived; a run is about to start.';
  return `Waits for ${missingOf(explanation)}; ${progressOf(explanation)}.`;
}

function progressOf(explanation: Explanation | null): string {
  if (explanation === null) return 'it waits for no asset';
  const leaves = leavesIn(explanation);
  return `${leaves.filter((leaf) => leaf.met).length} of ${leaves.length} assets updated`;
}

/** The missing leaves as a phrase that keeps the condition's own "and" and "or". */
function missingOf(explanation: Explanation): string {
  const named = leavesIn(explanation).filter((leaf) => !leaf.met).length;
  if (named > maxNamed) return `${named} assets`;
  return phrase(explanation, true);
}

function phrase(explanation: Explanation, isOutermost: boolean): string {
  if (explanation.kind === 'asset') return explanation.asset.name;
  const missing = explanation.of.filter((part) => !part.met);
  if (missing.length === 0) return 'nothing it could be given';
  const joined = missing
    .map((part) => phrase(part, false))
    .join(explanation.kind === 'all' ? ' and ' : ' or ');
  return isOutermost || missing.length === 1 ? joined : `(${joined})`;
}

function leafCount(explanation: Explanation): number {
  return leavesIn(explanation).filter((leaf) => leaf.met).length;
}

function leavesIn(explanation: Explanation): readonly Extract<Explanation, { kind: 'asset' }>[] {
  return explanation.kind === 'asset' ? [explanation] : explanation.of.flatMap(leavesIn);
}
