import { leafNodesOf, leavesOf } from './condition.ts';
import type { Gate, GateTerms, Queued, Taken } from './gate.ts';
import { baseOf, isBase, type LeafId, withoutKey } from './leaves.ts';
import { indexOf } from './pending-index.ts';

/** Most entries, of a partition key and a leaf, that wait for more at a time. Less than a gate holds, so that none of them is ever let go of. */
const maxSettling = 1_000;

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

/** How long what is queued under a leaf counts; `null` where all of it counts for ever. */
function lifetimeOf({ condition }: Gate): ((leaf: string) => number) | null {
  const all = condition === null ? new Map<LeafId, number>() : expiries(condition);
  return all.size === 0 ? null : (leaf) => all.get(withoutKey(leaf as LeafId)) ?? Number.POSITIVE_INFINITY;
}

/**
 * Lets time pass up to `at`: what is too old then counts no more. Its oldest events may be older still; whoever takes the rest leaves
 * them out.
 */
export function passTime(gate: Gate, at: number): Gate {
  return gate.at === undefined || at <= gate.at ? gate : aged({ ...gate, at });
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
  const lifetime = lifetimeOf(gate);
  const queued = lifetime === null ? [] : Object.entries<Queued>(gate.queued);
  const ends = queued.flatMap(([leaf, { lastAt, recent = [] }]) =>
    [lastAt, ...recent.slice(0, 1)].map((from) => from + (lifetime?.(leaf) ?? Number.POSITIVE_INFINITY)),
  );
  const met = gate.settle === undefined ? [] : [...indexOf(gate).met];
  const settled = met.flatMap((key) => settledAt(gate, key) ?? []);
  const next = [...ends, ...settled, ...(gate.deadlines?.due ?? [])].reduce(
    (first, time) => (time > at && time < first ? time : first),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(next) ? next : null;
}

/** Whether a met condition has waited for more as long as it should. */
export function isSettled(gate: Gate, key: string | null): boolean {
  if (waitsNoLonger(gate, key)) return true;
  const due = settledAt(gate, key);
  return due !== null && gate.at !== undefined && gate.at >= due;
}

/** Whether a key that is met waits for nothing but a slot, whatever still comes. */
export function waitsNoLonger({ settle, metAt }: Gate, key: string | null): boolean {
  return settle === undefined || metAt?.[key ?? ''] === null;
}

/** When a condition that is met will have waited long enough; `null` where it is not met, or waits for nothing. */
export function settledAt(gate: Gate, key: string | null): number | null {
  const { settle, metAt } = gate;
  const since = metAt?.[key ?? ''];
  if (settle === undefined || since === undefined || since === null) return null;
  const newestAt = indexOf(gate).pending.get(key)?.lastAt ?? since;
  const longest = settle.maxMs === null ? Number.POSITIVE_INFINITY : since + settle.maxMs;
  return Math.min(newestAt + settle.quietMs, longest);
}

/**
 * Notes since when the condition is met, where a run waits for more; what is met only now is so since `now`. Of too many keys those that were
 * met first wait no longer.
 */
export function withMetAt(gate: Gate, now: number = gate.at ?? 0): Gate {
  if (gate.settle === undefined) return gate;
  const { metAt: before = {} } = gate;
  const keys = [...indexOf(gate).met].map((key) => key ?? '');
  if (keys.length === Object.keys(before).length && keys.every((key) => key in before)) return gate;
  const metAt = keys.map((key): MetAt => [key, before[key] === undefined ? now : before[key]]);
  return { ...gate, metAt: Object.fromEntries(withoutFirst(metAt, mostSettling(gate))) };
}

type MetAt = readonly [key: string, at: number | null];

/** How many keys wait for more at a time. */
function mostSettling({ condition }: Gate): number {
  const leaves = condition === null ? [] : leavesOf(condition);
  return Math.max(1, Math.floor(maxSettling / new Set([...leaves, ...leaves.map(baseOf)]).size));
}

function withoutFirst(met: readonly MetAt[], most: number): readonly MetAt[] {
  const settling = met.filter(([, at]) => at !== null);
  if (settling.length <= most) return met;
  const newestFirst = settling.toSorted(
    ([a, from], [b, to]) => Number(to) - Number(from) || (a < b ? 1 : -1),
  );
  const kept = new Set(newestFirst.slice(0, most).map(([key]) => key));
  return met.map(([key, at]) => [key, kept.has(key) ? at : null]);
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
