import { mostSlots, type PoolPlan, type RatePlan } from './pool.ts';

/** A request that waits. */
export interface PoolRequest {
  /** Its place in the order in which was asked. */
  readonly number: number;
  readonly slots: number;
}

/** What waits for one key, and what the key holds. */
export interface KeyLine {
  readonly key: string;
  readonly held: number;
  /** The oldest first; there may be more behind these. */
  readonly waiting: readonly PoolRequest[];
}

/** A pool when it is decided who goes next. Instants are epoch milliseconds. */
export interface PoolNow {
  readonly now: number;
  /** Slots held, of all keys. */
  readonly held: number;
  /** When the latest starts were, in order; of a pool with a rate all within its window. */
  readonly starts: readonly number[];
  /** Keys that something waits for, in the order of the ring: whose turn is next comes first. */
  readonly ring: readonly KeyLine[];
}

/** A request that may start now. */
export interface Grant {
  readonly key: string;
  readonly number: number;
}

/** Who goes next, in this order. */
export interface Grants {
  readonly granted: readonly Grant[];
  /** Starts that still count, these included. */
  readonly starts: readonly number[];
  /** When the rate allows the next start, if only that keeps back whoever is next. */
  readonly nextAt: number | null;
}

/**
 * Gives what is free. Keys take turns, whatever waits for each; within a key the oldest goes first. A key that holds as much as one may is passed over and
 * keeps its turn. Whoever is next and wants more than is free is waited for, so that small requests do not go before a large one for ever.
 */
export function grantNext(pool: PoolPlan, { now, ...pooled }: PoolNow): Grants {
  const granted: Grant[] = [];
  let { held } = pooled;
  let ring = pooled.ring;
  let starts = startsThatCount(pool.rate, pooled.starts, now);
  for (;;) {
    const next = ring.find((line) => fitsKey(pool, line));
    const [request] = next?.waiting ?? [];
    if (next === undefined || request === undefined) return { granted, starts, nextAt: null };
    const slots = Math.min(request.slots, mostSlots(pool));
    if (held + slots > (pool.slots ?? Infinity)) return { granted, starts, nextAt: null };
    const startAt = earliestStart(pool.rate, starts);
    if (startAt > now) return { granted, starts, nextAt: startAt };
    granted.push({ key: next.key, number: request.number });
    held += slots;
    if (pool.rate !== undefined) starts = [...starts, now];
    const rest = { ...next, held: next.held + slots, waiting: next.waiting.slice(1) };
    ring = [...ring.filter((line) => line !== next), ...(rest.waiting.length === 0 ? [] : [rest])];
  }
}

/** Whether a key may hold what its oldest request asks for. */
function fitsKey(pool: PoolPlan, { held, waiting: [request] }: KeyLine): boolean {
  if (request === undefined) return false;
  return held + Math.min(request.slots, mostSlots(pool)) <= (pool.slotsPerKey ?? Infinity);
}

/** Those within one window before now; all of them may count against the next start. */
function startsThatCount(
  rate: RatePlan | undefined,
  starts: readonly number[],
  now: number,
): readonly number[] {
  return rate === undefined ? [] : starts.filter((at) => at > now - rate.perMs).slice(-rate.starts);
}

/** Once as many started as may in one window, the next one waits until the oldest of these is out of it. */
function earliestStart(rate: RatePlan | undefined, starts: readonly number[]): number {
  if (rate === undefined || starts.length < rate.starts) return -Infinity;
  return (starts[starts.length - rate.starts] ?? -Infinity) + rate.perMs;
}
