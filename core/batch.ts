import type { Seq } from './asset-event.ts';
import type { LeafId } from './leaves.ts';

/** Events of one batch that meet one leaf: how many, and where they lie in the log. */
export interface Entry {
  readonly leaf: LeafId;
  readonly count: number;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Of a roll-up. */
  readonly window?: WindowParts;
}

/** Which keys of a window came, each once, and how many of them are waited for. */
export interface WindowParts {
  readonly parts: readonly string[];
  readonly needs: number;
}

/** Events recorded together, or a part of them: what one consumer is told of one task success or one request. */
export interface Batch {
  /** Position of the last event of this part. */
  readonly lastSeq: Seq;
  readonly entries: readonly Entry[];
}

/** One event as the dispatcher reads it: its position, that of the last event recorded with it, the leaf it meets, its time. */
export interface Delivery {
  readonly seq: Seq;
  readonly batchEnd: Seq;
  readonly leaf: LeafId;
  readonly at: number;
  readonly window?: WindowParts;
}

/** Folds deliveries, in log order, into batches: one entry per leaf however many events. */
export function toBatches(deliveries: readonly Delivery[]): readonly Batch[] {
  const batches: { lastSeq: Seq; entries: Map<LeafId, Entry> }[] = [];
  let openEnd: Seq | undefined;
  for (const { seq, batchEnd, leaf, at, window } of deliveries) {
    let batch = batches.at(-1);
    if (batch === undefined || openEnd !== batchEnd) {
      batch = { lastSeq: seq, entries: new Map() };
      batches.push(batch);
      openEnd = batchEnd;
    }
    batch.lastSeq = seq;
    const before = batch.entries.get(leaf);
    batch.entries.set(
      leaf,
      before === undefined
        ? { leaf, count: 1, firstSeq: seq, lastSeq: seq, firstAt: at, lastAt: at, ...(window && { window }) }
        : { ...before, count: before.count + 1, lastSeq: seq, lastAt: at, ...joinedWindow(before, window) },
    );
  }
  return batches.map(({ lastSeq, entries }) => ({ lastSeq, entries: [...entries.values()] }));
}

/** What two stretches of events brought of a window together. */
export function joinedWindow(
  { window: before }: { readonly window?: WindowParts },
  window: WindowParts | undefined,
): { readonly window?: WindowParts } {
  if (window === undefined) return before === undefined ? {} : { window: before };
  return { window: { ...window, parts: [...new Set([...(before?.parts ?? []), ...window.parts])] } };
}

/**
 * A batch as it travels in a signal: a million single updates must stay small, so fields are told by place.
 * `[lastSeq, entry…]`, an entry being `[leaf, seq, at]` for one event, else `[leaf, count, firstSeq, lastSeq, firstAt, lastAt]`, behind
 * which a roll-up has `needs, parts`.
 */
export type PackedBatch = readonly [Seq, ...PackedEntry[]];
export type PackedEntry =
  | readonly [LeafId, Seq, number]
  | readonly [LeafId, number, Seq, Seq, number, number]
  | readonly [LeafId, number, Seq, Seq, number, number, number, readonly string[]];

export function packBatch({ lastSeq, entries }: Batch): PackedBatch {
  return [lastSeq, ...entries.map(packEntry)];
}

/** Whether a value that came from outside can be unpacked. */
export function isPackedBatch(value: unknown): value is PackedBatch {
  if (!Array.isArray(value)) return false;
  const [lastSeq, ...entries]: readonly unknown[] = value;
  return Number.isSafeInteger(lastSeq) && entries.every(isPackedEntry);
}

function isPackedEntry(value: unknown): value is PackedEntry {
  if (!Array.isArray(value) || ![3, 6, 8].includes(value.length)) return false;
  const [leaf, ...numbers]: readonly unknown[] = value.slice(0, 7);
  const parts: unknown = value[7] ?? [];
  return (
    typeof leaf === 'string' &&
    numbers.every((number) => Number.isFinite(number)) &&
    Array.isArray(parts) &&
    parts.every((part) => typeof part === 'string')
  );
}

export function unpackBatch([lastSeq, ...entries]: PackedBatch): Batch {
  return { lastSeq, entries: entries.map(unpackEntry) };
}

function packEntry({ leaf, count, firstSeq, lastSeq, firstAt, lastAt, window }: Entry): PackedEntry {
  if (window !== undefined)
    return [leaf, count, firstSeq, lastSeq, firstAt, lastAt, window.needs, window.parts];
  return count === 1 ? [leaf, firstSeq, firstAt] : [leaf, count, firstSeq, lastSeq, firstAt, lastAt];
}

function unpackEntry(packed: PackedEntry): Entry {
  if (packed.length === 3) {
    const [leaf, seq, at] = packed;
    return { leaf, count: 1, firstSeq: seq, lastSeq: seq, firstAt: at, lastAt: at };
  }
  const [leaf, count, firstSeq, lastSeq, firstAt, lastAt, needs, parts = []] = packed;
  const window = needs === undefined ? {} : { window: { needs, parts } };
  return { leaf, count, firstSeq, lastSeq, firstAt, lastAt, ...window };
}
