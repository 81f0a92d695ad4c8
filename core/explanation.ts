import { baseOf, type LeafId, ofKey } from './leaves.ts';
import { type Condition, neededCount } from './condition.ts';
import type { Consumer } from './consumer.ts';
import { type EventFilter, filterText } from './event-filter.ts';
import { type Gate, progressOf, type Queued } from './gate.ts';
import { pendingKeys } from './gate-take.ts';
import { settledAt } from './gate-time.ts';
import { heldBy } from './held-keys.ts';
import { quote } from './ids.ts';
import { owedText } from './owed-ticks.ts';
import { flightText } from './single-flight.ts';
import { parseSlot, type Slot } from './slot.ts';
import { type Source, sourceKey, titleOf } from './source.ts';

/** The condition tree with, per node, what arrived and what is missing. */
export type Explanation =
  | {
      readonly kind: 'asset';
      readonly asset: Source;
      readonly met: boolean;
      /** Updates it takes. */
      readonly needed: number;
      /** Which updates count; absent is all of them. */
      readonly where?: EventFilter;
      /** How long one counts; absent is for ever. */
      readonly expireAfterMs?: number;
      readonly queued: Queued | null;
    }
  | {
      readonly kind: 'all' | 'any' | 'atLeast';
      readonly met: boolean;
      /** Parts of it that have to be met. */
      readonly needed: number;
      readonly of: readonly Explanation[];
    };

/** What each leaf of a consumer's condition stands for. */
export type LeafAssets = Readonly<Record<LeafId, Source>>;

/** @throws Error when a leaf has no asset in `assets`: the definition is broken */
export function explain(
  condition: Condition<LeafId>,
  assets: LeafAssets,
  gate: Gate,
  key: string | null = null,
): Explanation {
  const needed = neededCount(condition);
  if (condition.kind === 'asset') {
    const { asset: leaf, kind, count: _, ...terms } = condition;
    const asset = assets[baseOf(leaf)];
    if (asset === undefined) throw new Error(`leaf ${leaf} stands for no asset`);
    const queued = gate.queued[ofKey(leaf, key)];
    return { kind, asset, met: progressOf(queued) >= needed, needed, ...terms, queued: queued ?? null };
  }
  const of = condition.of.map((part) => explain(part, assets, gate, key));
  return { kind: condition.kind, met: of.filter(({ met }) => met).length >= needed, needed, of };
}

/** What a consumer waits for: the tree and one sentence; where runs are by partition, those of the key that waits longest. */
export interface ExplainedConsumer {
  readonly explanation: Explanation | null;
  readonly sentence: string;
  /** Whether the condition holds, by something that is queued. */
  readonly met: boolean;
  /** Keys with something queued, that with the oldest event first; empty where runs are not by partition. */
  readonly keys: readonly string[];
}

export function explainConsumer(
  consumer: Consumer,
  { condition, assets }: { readonly condition: Condition<LeafId> | null; readonly assets: LeafAssets },
): ExplainedConsumer {
  const keys = pendingKeys(consumer.gate);
  const key = keys[0] ?? null;
  const explanation = condition === null ? null : explain(condition, assets, consumer.gate, key);
  const sentence = summarize(consumer, explanation, key);
  const met = explanation?.met === true && Object.keys(consumer.gate.queued).length > 0;
  if (consumer.gate.byKeys === undefined || explanation === null) return { explanation, sentence, met, keys };
  const pending =
    keys.length === 1 ? '1 partition key is pending' : `${keys.length} partition keys are pending`;
  const which = key === null ? 'No partition key is pending' : `${pending}, since longest ${quote(key)}`;
  return { explanation, sentence: `${which}. ${sentence}`, met, keys };
}

/** Names of what is missing, in the order of the condition, each once. */
export function missingNames(explanation: Explanation | null): readonly string[] {
  if (explanation === null) return [];
  return [
    ...new Set(
      nodesIn(explanation, isMissing)
        .filter(isLeaf)
        .map(({ asset }) => titleOf(asset)),
    ),
  ];
}

/** Most assets one sentence names. */
const maxNamed = 5;

/** What a consumer waits for, in one sentence. */
export function summarize(
  consumer: Consumer,
  explanation: Explanation | null,
  key: string | null = null,
): string {
  const active = consumer.activeRuns.length;
  // Only the definition of a DAG that was removed allows no run at all; that it was paused before says nothing any more.
  if (consumer.maxActiveRuns === 0) return 'The DAG was removed.';
  if (consumer.isPaused) return `Paused; ${updatedOf(explanation)}; nothing starts until it is resumed.`;
  const back = heldBackText(consumer);
  if (back !== '' && !consumer.hasRequests) {
    const { heldBack: _, ...rest } = consumer;
    return explanation === null ? back : `${back} ${summarize(rest, explanation, key)}`;
  }
  const held = heldBy(consumer.gate, key);
  if (held !== null && explanation?.met === true && !consumer.hasRequests)
    return `All it needs has arrived; waits for the end of ${flightOfText(consumer, held)}.`;
  if (active >= consumer.maxActiveRuns && (explanation?.met === true || consumer.hasRequests)) {
    return `Ready, but ${active} of ${consumer.maxActiveRuns} runs are active; the next one starts when one of them ends.`;
  }
  if (consumer.hasRequests) return 'A requested run is about to start.';
  if (explanation === null) return 'Waits for no asset: it runs by time or by hand.';
  const owed = consumer.owed ?? null;
  const hasAll = explanation.met && leavesIn(explanation).some((leaf) => leaf.met);
  if (consumer.ticksWait === true && owed === null && hasAll)
    return 'All it needs has arrived; a run starts at the next tick.';
  if (hasAll) {
    const until = settledAt(consumer.gate, key);
    if (until === null || until <= (consumer.gate.at ?? 0))
      return 'All it needs has arrived; a run is about to start.';
    return `All it needs has arrived; a run starts at ${new Date(until).toISOString()} unless more comes before.`;
  }
  const waits = `for ${missingOf(explanation)}; ${updatedOf(explanation)}.`;
  if (owed === null) return `Waits ${waits}`;
  return `${owedText(owed)} and ${owed.count === 1 ? 'waits' : 'wait'} ${waits}`;
}

/** What requested runs wait for that wait for the end of another one. */
function heldBackText({ heldBack = {} }: Consumer): string {
  const { others, ticks } = heldBack;
  const first = others ?? ticks;
  if (first === undefined) return '';
  return `Requested run ${first.runId} waits for the end of run ${parseSlot(first.by).runId} (${flightText(first.key)}).`;
}

function flightOfText({ flights = {} }: Consumer, slot: Slot): string {
  return `run ${parseSlot(slot).runId} (${flightText(flights[slot]?.key ?? '')})`;
}

function updatedOf(explanation: Explanation | null): string {
  if (explanation === null) return 'it waits for no asset';
  const leaves = leavesIn(explanation);
  return `${countAssets(leaves.filter((leaf) => leaf.met))} of ${countAssets(leaves)} assets updated`;
}

/** What is missing as a phrase that keeps the condition's own "and" and "or"; a long one only says how many. */
function missingOf(explanation: Explanation): string {
  const missing = nodesIn(explanation, isMissing);
  const named = countAssets(missing.filter(isLeaf));
  if (named <= maxNamed) return phrase(explanation, true);
  const hasChoice = missing.some((part) => !isLeaf(part) && openPartsOf(part).length > stillNeeded(part));
  const needsSeveral = missing.some((part) => !isLeaf(part) && stillNeeded(part) > 1);
  if (!hasChoice) return `${named} assets`;
  return `${needsSeveral ? 'some' : 'any'} of ${named} assets`;
}

function phrase(explanation: Explanation, isOutermost: boolean): string {
  if (isLeaf(explanation)) {
    const more = stillNeeded(explanation);
    const { asset, where, needed } = explanation;
    const title = where === undefined ? titleOf(asset) : `${titleOf(asset)} where ${filterText(where)}`;
    return needed === 1 ? title : `${title} (${more} more)`;
  }
  const missing = openPartsOf(explanation);
  if (missing.length === 0 || missing.length < stillNeeded(explanation)) return 'nothing it could be given';
  if (explanation.kind === 'atLeast' && missing.length > stillNeeded(explanation)) {
    return `${stillNeeded(explanation)} of (${missing.map((part) => phrase(part, true)).join(', ')})`;
  }
  const joined = missing
    .map((part) => phrase(part, isOutermost && missing.length === 1))
    .join(explanation.kind === 'any' ? ' or ' : ' and ');
  return isOutermost || missing.length === 1 ? joined : `(${joined})`;
}

/** How many updates or parts are missing before this is met. */
function stillNeeded(explanation: Explanation): number {
  const has = isLeaf(explanation)
    ? progressOf(explanation.queued ?? undefined)
    : explanation.of.filter(({ met }) => met).length;
  return Math.max(0, explanation.needed - has);
}

function openPartsOf(explanation: Exclude<Explanation, ExplainedLeaf>): readonly Explanation[] {
  return explanation.of.filter(isMissing);
}

type ExplainedLeaf = Extract<Explanation, { kind: 'asset' }>;

function leavesIn(explanation: Explanation): readonly ExplainedLeaf[] {
  return nodesIn(explanation, () => true).filter(isLeaf);
}

/** The nodes of the tree that are wanted, each with all those above it. */
function nodesIn(explanation: Explanation, isWanted: (part: Explanation) => boolean): readonly Explanation[] {
  if (!isWanted(explanation)) return [];
  const below = explanation.kind === 'asset' ? [] : explanation.of.flatMap((part) => nodesIn(part, isWanted));
  return [explanation, ...below];
}

function isLeaf(explanation: Explanation): explanation is ExplainedLeaf {
  return explanation.kind === 'asset';
}

function isMissing(explanation: Explanation): boolean {
  return !explanation.met;
}

/** An asset that is written twice counts once. */
function countAssets(leaves: readonly ExplainedLeaf[]): number {
  return new Set(leaves.map(({ asset }) => sourceKey(asset))).size;
}
