import { leavesOf } from './condition.ts';
import type { Gate } from './gate.ts';
import { baseOf } from './leaves.ts';
import { indexOf } from './pending-index.ts';

/** Most entries, of a partition key and a leaf, that wait for more at a time. Less than a gate holds, so that none of them is ever let go of. */
const maxSettling = 1_000;

type MetAt = NonNullable<Gate['metAt']>;
type OwnMetAt = Record<string, number | null>;

/** Keys that wait for more and since when they are met, those that were met first in front. Follows from what it is kept beside. */
const waiting = new WeakMap<MetAt, Map<string, number>>();

/** Since when a key is met; `null` where it waits for nothing more, `undefined` where it is not met. Keys may be called like anything. */
export function metSince({ metAt }: Pick<Gate, 'metAt'>, key: string | null): number | null | undefined {
  return metAt !== undefined && Object.hasOwn(metAt, key ?? '') ? metAt[key ?? ''] : undefined;
}

/** Whether a key that is met waits for nothing but a slot, whatever still comes. */
export function waitsNoLonger(gate: Gate, key: string | null): boolean {
  return gate.settle === undefined || metSince(gate, key) === null;
}

/** A copy to change; what is known of it moves on. */
export function copyMetAt(metAt: MetAt): OwnMetAt {
  const copy: OwnMetAt = Object.create(null);
  for (const key of Object.keys(metAt)) copy[key] = metAt[key] ?? null;
  const known = waiting.get(metAt);
  if (known !== undefined) {
    waiting.delete(metAt);
    waiting.set(copy, known);
  }
  return copy;
}

/**
 * Notes since when the condition is met, where a run waits for more; what is met only now is so since `now`. Of too many keys those that were
 * met first wait no longer.
 */
export function withMetAt(gate: Gate, now: number = gate.at ?? 0): Gate {
  if (gate.settle === undefined) return gate;
  const metAt: OwnMetAt = Object.create(null);
  for (const key of indexOf(gate).met) {
    const since = metSince(gate, key);
    metAt[key ?? ''] = since === undefined ? now : since;
  }
  letFirstGo(metAt, mostSettling(gate));
  return { ...gate, metAt };
}

/** The same where only these keys may be met that were not, into a gate of one's own. @returns those that wait no longer because of it */
export function noteMet(gate: Gate, keys: Iterable<string | null>, now: number): readonly (string | null)[] {
  if (gate.settle === undefined || gate.metAt === undefined) return [];
  const metAt = gate.metAt as OwnMetAt;
  const byAge = waitingIn(metAt);
  const { met } = indexOf(gate);
  for (const key of keys) {
    if (!met.has(key) || metSince(gate, key) !== undefined) continue;
    metAt[key ?? ''] = now;
    byAge.set(key ?? '', now);
  }
  return letFirstGo(metAt, mostSettling(gate)).map((key) => (gate.byKeys === undefined ? null : key));
}

const mostByCondition = new WeakMap<object, number>();

/** How many keys wait for more at a time. */
function mostSettling({ condition }: Gate): number {
  if (condition === null) return 1;
  const known = mostByCondition.get(condition);
  if (known !== undefined) return known;
  const leaves = leavesOf(condition);
  const most = Math.max(1, Math.floor(maxSettling / new Set([...leaves, ...leaves.map(baseOf)]).size));
  mostByCondition.set(condition, most);
  return most;
}

function waitingIn(metAt: MetAt): Map<string, number> {
  const known = waiting.get(metAt);
  if (known !== undefined) return known;
  const entries = Object.entries(metAt).flatMap(([key, at]) => (at === null ? [] : [[key, at] as const]));
  const byAge = new Map(entries.toSorted(([, a], [, b]) => a - b));
  waiting.set(metAt, byAge);
  return byAge;
}

/** Lets those wait no longer that were met first, until no more than `most` are left; of those met together, in the order of their names. */
function letFirstGo(metAt: OwnMetAt, most: number): readonly string[] {
  const byAge = waitingIn(metAt);
  const surplus = byAge.size - most;
  if (surplus <= 0) return [];
  const front: (readonly [string, number])[] = [];
  for (const one of byAge) {
    if (front.length >= surplus && one[1] !== front.at(-1)?.[1]) break;
    front.push(one);
  }
  const first = front.toSorted(([a, from], [b, to]) => from - to || (a < b ? -1 : 1)).slice(0, surplus);
  for (const [key] of first) {
    byAge.delete(key);
    metAt[key] = null;
  }
  return first.map(([key]) => key);
}
