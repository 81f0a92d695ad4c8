import { type Batch, type Entry, joinedWindow } from './batch.ts';
import { type Condition, leafNodesOf, neededCount } from './condition.ts';
import { type Gate, isIgnored, type Queued } from './gate.ts';
import { isMet, isOpen } from './gate-take.ts';
import { moveTimes, nextChangeAt, noteTimes, passTime, soonestChangeAt } from './gate-time.ts';
import { keyOf, type LeafId, withoutKey } from './leaves.ts';
import { copyQueued, noteAdded } from './pending-index.ts';
import { copyMetAt, noteMet } from './settling.ts';

/** Counts one batch, whole; what lies at or below the watermark was counted before. */
export function count(gate: Gate, batch: Batch): Gate {
  return countUntilMet(gate, [batch], () => false).gate;
}

/**
 * Counts batches in order and stops behind the first one after which the gate is open, or behind any where a run `isOwed`, if
 * `mayOpen`; `rest` is what is left. Before a batch time passes up to it, which may open the gate too, or bring what `isDue` then.
 * Asking only after a batch that brought a leaf further towards what it takes is enough: more of the same never changes the answer.
 */
export function countUntilMet(
  gate: Gate,
  batches: readonly Batch[],
  mayOpen: () => boolean,
  {
    isOwed = false,
    isDue = never,
  }: { readonly isOwed?: boolean; readonly isDue?: (gate: Gate) => boolean } = {},
): { readonly gate: Gate; readonly rest: readonly Batch[] } {
  if (batches.length === 0) return { gate, rest: [] };
  let current: Gate = {
    ...{ ...gate, queued: copyQueued(gate.queued) },
    ...(gate.settle === undefined ? {} : { metAt: copyMetAt(gate.metAt ?? {}) }),
  };
  moveTimes(gate, current);
  // A batch that comes in parts is asked about behind its last part, whichever of them met a leaf.
  let metAnother: ReadonlySet<string | null> | 'any' = gate.midBatch ? 'any' : new Set();
  const needs = needsOf(gate.condition);
  for (const [index, batch] of batches.entries()) {
    if (batch.lastSeq <= current.watermark) continue;
    if (current.at !== undefined) {
      const passed = passUpTo(current, batch, mayOpen, isDue);
      if (passed.isOpen) return { gate: passed.gate, rest: batches.slice(index) };
      current = passed.gate;
      if (passed.isChanged) metAnother = 'any';
    }
    const entries = isIgnored(current, batch.lastSeq) ? [] : batch.entries;
    const queued = current.queued as Record<LeafId, Queued>;
    const further = entries.filter((entry) => enqueue(queued, entry, needs));
    // Where updates are forgotten, one more may count again.
    const keys = new Set((current.at === undefined ? further : entries).map(({ leaf }) => keyOf(leaf)));
    noteAdded(current, entries, keys);
    const freed = noteMet(current, keys, timeOf(batch));
    noteTimes(
      current,
      entries.map(({ leaf }) => leaf),
    );
    if (metAnother !== 'any') metAnother = new Set([...keys, ...freed]);
    current = { ...current, watermark: batch.lastSeq, midBatch: false };
    const hasOpened = (): boolean =>
      metAnother === 'any' ? isMet(current) : [...metAnother].some((key) => isOpen(current, key));
    if (mayOpen() && (isOwed || hasOpened())) return { gate: current, rest: batches.slice(index + 1) };
    metAnother = new Set();
  }
  return { gate: { ...current, midBatch: gate.midBatch }, rest: [] };
}

const never = (): boolean => false;

/** Lets time pass until the gate opens by it, or something is due, or to just before a batch: others may have been recorded at its very time. */
export function passUpTo(
  gate: Gate,
  batch: Batch,
  mayOpen: () => boolean,
  isDue: (gate: Gate) => boolean = never,
): { readonly gate: Gate; readonly isOpen: boolean; readonly isChanged: boolean } {
  const at = timeOf(batch) - 1;
  const isChanged = soonestChangeAt(gate) <= at;
  let current = gate;
  // Inside a batch nothing is decided, and all of it has one time.
  while (!gate.midBatch && soonestChangeAt(current) <= at) {
    const next = nextChangeAt(current);
    if (next === null || next > at) break;
    current = passTime(current, next);
    if ((mayOpen() && isMet(current)) || isDue(current)) return { gate: current, isOpen: true, isChanged };
  }
  return { gate: passTime(current, at), isOpen: false, isChanged };
}

function timeOf({ entries }: Batch): number {
  return entries.reduce((last, { lastAt }) => Math.max(last, lastAt), 0);
}

/** Adds to the queue of a leaf. @returns whether that may have brought it further towards what it takes */
function enqueue(
  queued: Record<LeafId, Queued>,
  { leaf, ...entry }: Entry,
  { enough, remembered }: LeafNeeds,
): boolean {
  const before = queued[leaf];
  const named = withoutKey(leaf);
  const most = remembered.get(named) ?? 0;
  const merged =
    before === undefined
      ? entry
      : {
          ...{ ...before, count: before.count + entry.count, lastSeq: entry.lastSeq, lastAt: entry.lastAt },
          ...joinedWindow(before, entry.window),
        };
  queued[leaf] = most === 0 ? merged : { ...merged, recent: newest(before?.recent ?? [], entry, most) };
  return before === undefined || before.window !== undefined || before.count < (enough.get(named) ?? 1);
}

function newest(
  recent: readonly number[],
  { count: events, lastAt }: Omit<Entry, 'leaf'>,
  most: number,
): readonly number[] {
  return [...recent, ...Array.from({ length: Math.min(events, most) }, () => lastAt)].slice(-most);
}

interface LeafNeeds {
  /** Updates after which more of them change nothing, of leaves that take several. */
  readonly enough: ReadonlyMap<LeafId, number>;
  /** How many times are remembered of leaves that take several and forget the old. */
  readonly remembered: ReadonlyMap<LeafId, number>;
}

function needsOf(condition: Condition<LeafId> | null): LeafNeeds {
  const enough = new Map<LeafId, number>();
  const remembered = new Map<LeafId, number>();
  for (const leaf of condition === null ? [] : leafNodesOf(condition)) {
    const needed = neededCount(leaf);
    if (needed > (enough.get(leaf.asset) ?? 1)) enough.set(leaf.asset, needed);
    if (needed > 1 && leaf.expireAfterMs !== undefined)
      remembered.set(leaf.asset, Math.max(needed, remembered.get(leaf.asset) ?? 0));
  }
  return { enough, remembered };
}
