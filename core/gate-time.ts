import { leafNodesOf } from './condition.ts';
import { boundsByKey, type Gate, type GateTerms, isMetFor, type Queued, type Taken } from './gate.ts';
import { baseOf, isBase, type LeafId, withoutKey } from './leaves.ts';

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

/** How long what is queued under this leaf counts. */
function expiryOf(gate: Gate): (leaf: string) => number {
  const all = gate.condition === null ? new Map<LeafId, number>() : expiries(gate.condition);
  return (leaf) => all.get(withoutKey(leaf as LeafId)) ?? Number.POSITIVE_INFINITY;
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
  const lifetime = expiryOf(gate);
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
  const lifetime = expiryOf(gate);
  const ends = Object.entries<Queued>(gate.queued).flatMap(([leaf, { lastAt, recent = [] }]) =>
    [lastAt, ...recent.slice(0, 1)].map((from) => from + lifetime(leaf)),
  );
  const bounds = gate.settle === undefined ? [] : [...boundsByKey(gate)];
  const settled = bounds.flatMap(([key, { lastAt }]) => settledAt(gate, key, lastAt) ?? []);
  const next = [...ends, ...settled, ...(gate.deadlines?.due ?? [])].reduce(
    (first, time) => (time > at && time < first ? time : first),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(next) ? next : null;
}

/** Whether a met condition has waited for more as long as it should. */
export function isSettled(gate: Gate, key: string | null, lastAt?: number): boolean {
  if (gate.settle === undefined) return true;
  const due = settledAt(gate, key, lastAt);
  return due !== null && gate.at !== undefined && gate.at >= due;
}

/** When a condition that is met will have waited long enough; `null` where it is not met, or waits for nothing. */
export function settledAt(gate: Gate, key: string | null, lastAt?: number): number | null {
  const { settle, metAt } = gate;
  const since = metAt?.[key ?? ''];
  if (settle === undefined || since === undefined) return null;
  const newestAt = lastAt ?? boundsByKey(gate).get(key)?.lastAt ?? since;
  const longest = settle.maxMs === null ? Number.POSITIVE_INFINITY : since + settle.maxMs;
  return Math.min(newestAt + settle.quietMs, longest);
}

/** Notes since when the condition is met, where a run waits for more; what is met only now is so since `now`. */
export function withMetAt(gate: Gate, now: number = gate.at ?? 0): Gate {
  if (gate.settle === undefined) return gate;
  const met = [...boundsByKey(gate).keys()].filter((key) => isMetFor(gate, key));
  const metAt = Object.fromEntries(met.map((key) => [key ?? '', gate.metAt?.[key ?? ''] ?? now]));
  return { ...gate, metAt };
}

/** Before which time what is queued under a leaf is too old; `null` where all of it counts. */
export function tooOldBefore(gate: Gate): (leaf: LeafId, queued: Queued) => number | null {
  const { at } = gate;
  if (at === undefined) return () => null;
  const lifetime = expiryOf(gate);
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
