import { leafNodesOf } from './condition.ts';
import type { Gate, GateTerms, Queued, Taken } from './gate.ts';
import { baseOf, isBase, keyOf, type LeafId, withoutKey } from './leaves.ts';
import { indexOf } from './pending-index.ts';
import { metSince, waitsNoLonger, withMetAt } from './settling.ts';

/** Whether anything about a gate changes by time alone. */
export function isTimed({ condition, settle, deadline }: GateTerms): boolean {
  return (
    settle !== undefined || deadline !== undefined || (condition !== null && expiries(condition).size > 0)
  );
}

/** How long updates count, by the leaf they are counted under; a subscription forgets what its last leaf forgets. */
function expiries(condition: NonNullable<Gate['condition']>): ReadonlyMap<LeafId, number> {
  const longest = new Map<LeafId, number>();
  for (const { asset: leaf, expireAfterMs = Number.POSITIVE_INFINITY } of leafNodesOf(condition)) {
    longest.set(leaf, expireAfterMs);
    const base = baseOf(leaf);
    longest.set(base, Math.max(longest.get(base) ?? 0, expireAfterMs));
  }
  return new Map([...longest].filter(([, ms]) => ms < Number.POSITIVE_INFINITY));
}

const lifetimes = new WeakMap<object, ReadonlyMap<LeafId, number>>();

/** How long what is queued under a leaf counts; `null` where all of it counts for ever. */
function lifetimeOf({ condition }: Gate): ((leaf: string) => number) | null {
  if (condition === null) return null;
  const all = lifetimes.get(condition) ?? expiries(condition);
  lifetimes.set(condition, all);
  return all.size === 0 ? null : (leaf) => all.get(withoutKey(leaf as LeafId)) ?? Number.POSITIVE_INFINITY;
}

/**
 * Lets time pass up to `at`: what is too old then counts no more. Its oldest events may be older still; whoever takes the rest leaves
 * them out.
 */
export function passTime(gate: Gate, at: number): Gate {
  if (gate.at === undefined || at <= gate.at) return gate;
  return soonestChangeAt(gate) > at ? { ...gate, at } : aged({ ...gate, at });
}

/** Takes out what is too old by the time that the gate has come to. */
export function aged(gate: Gate): Gate {
  const { at } = gate;
  if (at === undefined) return gate;
  const lifetime = lifetimeOf(gate);
  if (lifetime === null) return withMetAt(gate);
  const kept: Record<LeafId, Queued> = {};
  const expired: Taken[] = [];
  for (const [name, queued] of Object.entries<Queued>(gate.queued)) {
    const leaf = name as LeafId;
    const limit = lifetime(leaf);
    if (queued.lastAt + limit > at) kept[leaf] = withoutOld(queued, at - limit);
    else if (isBase(leaf)) expired.push(takenWhole(leaf, queued));
  }
  return withMetAt({
    ...{ ...gate, queued: kept },
    ...(expired.length === 0 ? {} : { expired: joined([...(gate.expired ?? []), ...expired]) }),
  });
}

/** The next time at which something about the gate changes if nothing arrives. */
export function nextChangeAt(gate: Gate): number | null {
  const { at } = gate;
  if (at === undefined) return null;
  const queued = lifetimeOf(gate) === null ? [] : Object.keys(gate.queued);
  const ends = queued.flatMap((leaf) => endsOf(gate, leaf as LeafId));
  const met = gate.settle === undefined ? [] : [...indexOf(gate).met];
  const settled = met.flatMap((key) => settledAt(gate, key) ?? []);
  const next = firstBehind(at, [...ends, ...settled]);
  soonest.set(gate.queued, { metAt: gate.metAt, condition: gate.condition, at: next });
  const first = Math.min(next, firstBehind(at, gate.deadlines?.due ?? []));
  return Number.isFinite(first) ? first : null;
}

/** Before which time nothing about the gate changes; looked for only where it is not known. */
export function soonestChangeAt(gate: Gate): number {
  const { at = Number.POSITIVE_INFINITY } = gate;
  const known = soonest.get(gate.queued);
  if (
    known === undefined ||
    known.metAt !== gate.metAt ||
    known.condition !== gate.condition ||
    known.at <= at
  )
    return nextChangeAt(gate) ?? Number.POSITIVE_INFINITY;
  return Math.min(known.at, firstBehind(at, gate.deadlines?.due ?? []));
}

/** When what expires or settles of a queue changes next, or sooner; kept beside it, as long as it is the same. */
const soonest = new WeakMap<Gate['queued'], Soonest>();

interface Soonest {
  readonly metAt: Gate['metAt'];
  readonly condition: Gate['condition'];
  at: number;
}

/** Moves what is known of the times of a gate on to a copy of it. */
export function moveTimes(from: Gate, to: Gate): void {
  const known = soonest.get(from.queued);
  if (known === undefined || known.metAt !== from.metAt) return;
  soonest.delete(from.queued);
  soonest.set(to.queued, { ...known, metAt: to.metAt });
}

/** Notes the times of what was added to the queue of a gate. */
export function noteTimes(gate: Gate, leaves: Iterable<LeafId>): void {
  const known = soonest.get(gate.queued);
  if (known === undefined || gate.at === undefined) return;
  for (const leaf of leaves) {
    const settled = settledAt(gate, keyOf(leaf));
    known.at = Math.min(
      known.at,
      firstBehind(gate.at, [...endsOf(gate, leaf), ...(settled === null ? [] : [settled])]),
    );
  }
}

/** When what is queued under a leaf, and when a part of it, is too old. */
function endsOf(gate: Gate, leaf: LeafId): readonly number[] {
  const lifetime = lifetimeOf(gate);
  const queued = gate.queued[leaf];
  if (lifetime === null || queued === undefined) return [];
  return [queued.lastAt, ...(queued.recent ?? []).slice(0, 1)].map((from) => from + lifetime(leaf));
}

function firstBehind(at: number, times: readonly number[]): number {
  return times.reduce((first, time) => (time > at && time < first ? time : first), Number.POSITIVE_INFINITY);
}

/** Whether a met condition has waited for more as long as it should. */
export function isSettled(gate: Gate, key: string | null): boolean {
  if (waitsNoLonger(gate, key)) return true;
  const due = settledAt(gate, key);
  return due !== null && gate.at !== undefined && gate.at >= due;
}

/** When a condition that is met will have waited long enough; `null` where it is not met, or waits for nothing. */
export function settledAt(gate: Gate, key: string | null): number | null {
  const { settle } = gate;
  const since = metSince(gate, key);
  if (settle === undefined || since === undefined || since === null) return null;
  const newestAt = indexOf(gate).pending.get(key)?.lastAt ?? since;
  const longest = settle.maxMs === null ? Number.POSITIVE_INFINITY : since + settle.maxMs;
  return Math.min(newestAt + settle.quietMs, longest);
}

/** Before which time what is queued under a leaf is too old; `null` where all of it counts. */
export function tooOldBefore(gate: Gate): (leaf: LeafId, queued: Queued) => number | null {
  const { at } = gate;
  const lifetime = lifetimeOf(gate);
  if (at === undefined || lifetime === null) return () => null;
  return (leaf, { firstAt }) => (firstAt + lifetime(leaf) <= at ? at - lifetime(leaf) : null);
}

function withoutOld(queued: Queued, upTo: number): Queued {
  const { recent } = queued;
  if (recent === undefined || (recent[0] ?? upTo + 1) > upTo) return queued;
  return { ...queued, recent: recent.filter((at) => at > upTo) };
}

function takenWhole(leaf: LeafId, { count, firstSeq, lastSeq }: Queued): Taken {
  return { leaf, count, firstSeq, upTo: lastSeq };
}

/** One for each leaf, so that they are never more than the leaves are. */
function joined(expired: readonly Taken[]): readonly Taken[] {
  const byLeaf = new Map<LeafId, Taken>();
  for (const one of expired) {
    const before = byLeaf.get(one.leaf);
    byLeaf.set(
      one.leaf,
      before === undefined ? one : { ...one, count: before.count + one.count, firstSeq: before.firstSeq },
    );
  }
  return [...byLeaf.values()];
}
