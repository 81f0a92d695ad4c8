import type { Seq } from './asset-event.ts';
import type { Batch, Entry, LeafId } from './batch.ts';
import type { WhilePaused } from './run-plan.ts';
import { type Condition, isSatisfied, leafNodesOf, leavesOf, neededCount } from './condition.ts';

/** Updates that met one leaf and that no run has consumed yet: how many, and where they lie in the log. */
export interface Queued {
  readonly count: number;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What a consumer holds between runs. JSON-safe; as large as its condition has leaves, however many events arrive. */
export interface Gate {
  /** `null` where events start nothing: a DAG run by time or by hand only. */
  readonly condition: Condition<LeafId> | null;
  /** Highest position counted so far: what is sent again changes nothing. */
  readonly watermark: Seq;
  /** Set between the parts of one batch, while nothing may be decided. */
  readonly midBatch: boolean;
  readonly queued: Readonly<Record<LeafId, Queued>>;
  /** What pauses ignore, as far as it is not behind the watermark. */
  readonly ignored?: readonly IgnoredStretch[];
}

/** A stretch of the log whose events no run consumes: from a pause to its end, `null` while it goes on. */
export interface IgnoredStretch {
  readonly after: Seq;
  readonly upTo: Seq | null;
}

/** The stretch of the log a message speaks of: everything after `after`, up to and with `upTo`. */
export interface MessageRange {
  readonly after: Seq;
  readonly upTo: Seq;
}

/** Where a message stands against what was counted: it follows, it is old, or something before it is missing. */
export type Arrival = 'next' | 'old' | 'astray';

/** What left the queue of one leaf: everything queued up to and with `upTo`. */
export interface Taken {
  readonly leaf: LeafId;
  readonly count: number;
  readonly firstSeq: Seq;
  readonly upTo: Seq;
}

export function emptyGate(condition: Condition<LeafId> | null, watermark: Seq): Gate {
  return { condition, watermark, midBatch: false, queued: {} };
}

export function arrival(gate: Gate, { after, upTo }: MessageRange): Arrival {
  if (upTo <= gate.watermark) return 'old';
  return after <= gate.watermark ? 'next' : 'astray';
}

/** Counts one batch, whole; what lies at or below the watermark was counted before. */
export function count(gate: Gate, batch: Batch): Gate {
  return countUntilMet(gate, [batch], () => false).gate;
}

/**
 * Counts batches in order and stops behind the first one after which the condition is met, or behind any where a run `isOwed`, if
 * `mayOpen`; `rest` is what is left.
 * Asking only after a batch that brought a leaf further towards what it takes is enough: more of the same never changes the answer.
 */
export function countUntilMet(
  gate: Gate,
  batches: readonly Batch[],
  mayOpen: () => boolean,
  { isOwed = false } = {},
): { readonly gate: Gate; readonly rest: readonly Batch[] } {
  const queued: Record<LeafId, Queued> = { ...gate.queued };
  let watermark = gate.watermark;
  // A batch that comes in parts is asked about behind its last part, whichever of them met a leaf.
  let metAnother = gate.midBatch;
  const enough = mostNeeded(gate.condition);
  for (const [index, batch] of batches.entries()) {
    if (batch.lastSeq <= watermark) continue;
    for (const entry of isIgnored(gate, batch.lastSeq) ? [] : batch.entries) {
      const before = queued[entry.leaf];
      metAnother ||= before === undefined || before.count < (enough.get(entry.leaf) ?? 1);
      queued[entry.leaf] = before === undefined ? fromEntry(entry) : merge(before, entry);
    }
    watermark = batch.lastSeq;
    const next: Gate = { ...gate, watermark, midBatch: false, queued };
    if (((metAnother && isMet(next)) || isOwed) && mayOpen())
      return { gate: next, rest: batches.slice(index + 1) };
    metAnother = false;
  }
  return { gate: { ...gate, watermark, queued }, rest: [] };
}

/** Updates after which more of them change nothing, of leaves that take several. */
function mostNeeded(condition: Condition<LeafId> | null): ReadonlyMap<LeafId, number> {
  const needed = new Map<LeafId, number>();
  for (const leaf of condition === null ? [] : leafNodesOf(condition)) {
    const count = neededCount(leaf);
    if (count > (needed.get(leaf.asset) ?? 1)) needed.set(leaf.asset, count);
  }
  return needed;
}

/** Ends a message: everything up to `upTo` is counted, though nothing there may have been for this consumer. */
export function reach({ ignored = [], ...gate }: Gate, upTo: Seq, midBatch: boolean): Gate {
  const watermark = Math.max(gate.watermark, upTo);
  const ahead = ignored.filter((stretch) => stretch.upTo === null || stretch.upTo > watermark);
  return { ...gate, watermark, midBatch, ...(ahead.length === 0 ? {} : { ignored: ahead }) };
}

/** Whether the condition is met by what is queued. What needs nothing, such as an empty `all`, is never met. */
export function isMet(gate: Gate): boolean {
  if (gate.condition === null || gate.midBatch) return false;
  const { queued } = gate;
  return Object.keys(queued).length > 0 && isSatisfied(gate.condition, (leaf) => queued[leaf]?.count ?? 0);
}

/** Takes everything that is queued, also for branches that were not needed. */
export function takeAll(gate: Gate): { readonly taken: readonly Taken[]; readonly gate: Gate } {
  return takeLeaves(gate, new Set(Object.keys(gate.queued)));
}

/** Takes what is queued for these leaves, of those it has. */
export function takeLeaves(
  gate: Gate,
  leaves: ReadonlySet<string>,
): { readonly taken: readonly Taken[]; readonly gate: Gate } {
  const entries = Object.entries(gate.queued);
  return {
    taken: takenOf(entries.filter(([leaf]) => leaves.has(leaf))),
    gate: { ...gate, queued: Object.fromEntries(entries.filter(([leaf]) => !leaves.has(leaf))) },
  };
}

/**
 * Begins or ends a pause at a position of the log. With `ignore` no run consumes what is recorded in between; what was recorded before
 * stays, counted or not. `ignored` is the stretch that such a pause leaves behind.
 */
export function pauseGate(
  gate: Gate,
  {
    isPaused,
    whilePaused,
    at,
  }: { readonly isPaused: boolean; readonly whilePaused: WhilePaused; readonly at: Seq },
): { readonly gate: Gate; readonly ignored: MessageRange | null } {
  const { ignored: stretches = [], ...rest } = gate;
  const open = stretches.find(({ upTo }) => upTo === null);
  if (isPaused) {
    const isBegun = open !== undefined || whilePaused === 'keep';
    return {
      gate: isBegun ? gate : { ...rest, ignored: [...stretches, { after: at, upTo: null }] },
      ignored: null,
    };
  }
  if (open === undefined) return { gate, ignored: null };
  const ended = open.after < at ? [{ after: open.after, upTo: at }] : [];
  const left = [...stretches.filter((one) => one !== open), ...ended];
  return { gate: left.length === 0 ? rest : { ...rest, ignored: left }, ignored: ended[0] ?? null };
}

/** Whether a pause ignores what was recorded at this position. */
export function isIgnored({ ignored = [] }: Gate, seq: Seq): boolean {
  return ignored.some(({ after, upTo }) => seq > after && (upTo === null || seq <= upTo));
}

/** Puts another condition in force from `at` on: leaves that stay keep their queue, what others had is dropped. */
export function redefine(
  gate: Gate,
  condition: Condition<LeafId> | null,
  at: Seq,
): { readonly gate: Gate; readonly dropped: readonly Taken[] } {
  const kept = new Set<string>(condition === null ? [] : leavesOf(condition));
  const entries = Object.entries(gate.queued);
  const queued = Object.fromEntries(entries.filter(([leaf]) => kept.has(leaf)));
  return {
    gate: { ...gate, condition, watermark: Math.max(gate.watermark, at), midBatch: false, queued },
    dropped: takenOf(entries.filter(([leaf]) => !kept.has(leaf))),
  };
}

/** Position of the newest queued event, which names the run that takes it; 0 when nothing is queued. */
export function newestSeq(gate: Gate): Seq {
  return Object.values<Queued>(gate.queued).reduce((newest, { lastSeq }) => Math.max(newest, lastSeq), 0);
}

function takenOf(entries: readonly (readonly [string, Queued])[]): readonly Taken[] {
  return entries.map(([leaf, { count: events, firstSeq, lastSeq }]) => ({
    leaf: leaf as LeafId,
    count: events,
    firstSeq,
    upTo: lastSeq,
  }));
}

function fromEntry({ count: events, firstSeq, lastSeq, firstAt, lastAt }: Entry): Queued {
  return { count: events, firstSeq, lastSeq, firstAt, lastAt };
}

function merge(before: Queued, entry: Entry): Queued {
  return {
    count: before.count + entry.count,
    firstSeq: before.firstSeq,
    lastSeq: entry.lastSeq,
    firstAt: before.firstAt,
    lastAt: entry.lastAt,
  };
}
