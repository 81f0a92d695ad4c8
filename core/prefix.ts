import type { Seq } from './asset-event.ts';
import { isSatisfied } from './condition.ts';
import type { AskedRun } from './consumer.ts';
import type { Gate, Queued, Taken } from './gate.ts';
import { isOpen } from './gate-take.ts';
import { withMetAt } from './settling.ts';
import { runIdOfEvents } from './ids.ts';
import { isBase, type LeafId } from './leaves.ts';

/** An event that waits for a run, with the leaves that it counts under. */
export interface WaitingEvent {
  readonly seq: Seq;
  readonly at: number;
  readonly leaves: readonly LeafId[];
}

/** Runs that each take a part of the queue. */
export interface Prefixes {
  readonly runs: readonly AskedRun[];
  /** The gate that remains. */
  readonly gate: Gate;
  /** Whether the events that were given do not suffice to say what the next run takes. */
  readonly isShort: boolean;
}

/** The oldest events of a queue, in order. */
export interface Waiting {
  readonly events: readonly WaitingEvent[];
  /** Whether these are all. */
  readonly isAll: boolean;
}

/** Events read of each subscription at first; more where they do not suffice. */
export const fewWaiting = 1_000;

/** Whether runs may be opened by the events that were read: what the oldest are not enough for is left to the next step, once something was taken. */
export function suffices({ isShort, runs }: Prefixes, isAll: boolean): boolean {
  return !isShort || runs.length > 0 || isAll;
}

/**
 * Takes runs from the front of the queue, at most `most`: each the shortest stretch of the oldest events that meets the condition, and further
 * ones up to what a run takes.
 * @param events - the oldest that are queued, in order; all of them if `isAll`
 */
export function takePrefixes(
  before: Gate,
  events: readonly WaitingEvent[],
  { most, isAll }: { readonly most: number; readonly isAll: boolean },
): Prefixes {
  const runs: AskedRun[] = [];
  let gate = before;
  let start = 0;
  while (runs.length < most && isOpen(gate, null)) {
    const needed = shortest(gate, events, start) ?? (isAll && start < events.length ? events.length : null);
    const end = Math.max(needed ?? 0, start + (gate.takes ?? 0));
    if (needed === null || (end > events.length && !isAll)) return { runs, gate, isShort: true };
    const own = events.slice(start, end);
    start = Math.min(end, events.length);
    runs.push({ runId: runIdOfEvents(own.at(-1)?.seq ?? 0), taken: takenOf(own) });
    gate = without(gate, own, { rest: events.slice(start), isAll });
  }
  return { runs, gate, isShort: false };
}

/** Where the shortest stretch from `start` on ends that meets the condition; `null` where it goes on behind what is known. */
function shortest({ condition }: Gate, events: readonly WaitingEvent[], start: number): number | null {
  const counts = new Map<LeafId, number>();
  for (let at = start; at < events.length; at += 1) {
    for (const leaf of events[at]?.leaves ?? []) counts.set(leaf, (counts.get(leaf) ?? 0) + 1);
    if (condition !== null && isSatisfied(condition, (leaf) => counts.get(leaf) ?? 0)) return at + 1;
  }
  return null;
}

function takenOf(events: readonly WaitingEvent[]): readonly Taken[] {
  const taken = new Map<LeafId, Taken>();
  for (const { seq, leaves } of events) {
    for (const leaf of leaves.filter(isBase)) {
      const before = taken.get(leaf) ?? { leaf, count: 0, firstSeq: seq, upTo: seq };
      taken.set(leaf, { ...before, count: before.count + 1, upTo: seq });
    }
  }
  return [...taken.values()];
}

/** What a leaf has left begins with its next event, or, where that is not known, behind what is. */
function without(
  gate: Gate,
  own: readonly WaitingEvent[],
  { rest, isAll }: { readonly rest: readonly WaitingEvent[]; readonly isAll: boolean },
): Gate {
  const gone = new Map<LeafId, number>();
  for (const leaf of own.flatMap(({ leaves }) => leaves)) gone.set(leaf, (gone.get(leaf) ?? 0) + 1);
  const known = rest.at(-1) ?? own.at(-1);
  const queued = Object.entries<Queued>(gate.queued).flatMap(
    ([name, before]): readonly [string, Queued][] => {
      const leaf = name as LeafId;
      const count = before.count - (gone.get(leaf) ?? 0);
      if (count === before.count) return [[leaf, before]];
      const next = rest.find(({ leaves }) => leaves.includes(leaf));
      if (count <= 0 || (next === undefined && isAll)) return [];
      const from = next ?? { seq: (known?.seq ?? 0) + 1, at: known?.at ?? before.firstAt };
      return [[leaf, { ...before, count, firstSeq: from.seq, firstAt: from.at }]];
    },
  );
  return withMetAt({ ...gate, queued: Object.fromEntries(queued) });
}
