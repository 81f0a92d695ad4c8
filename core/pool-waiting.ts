import type { PoolPlan } from './pool.ts';

/** A request that waits, among what it waits for. Counts are of now; instants are epoch milliseconds. */
export interface PoolWait {
  readonly pool: PoolPlan;
  readonly key: string;
  /** Slots held of the pool, and for its key. */
  readonly held: number;
  readonly heldByKey: number;
  /** Requests that were asked for before it and wait, too; no more than {@link mostBefore} are counted. */
  readonly before: number;
  /** When the rate allows the next start; `null` where that keeps nobody back. */
  readonly nextAt: number | null;
}

/** Requests before another one that are counted. */
export const mostBefore = 1_000;

/** Why a request waits, in one line. */
export function whyWaiting({ pool, key, held, heldByKey, before, nextAt }: PoolWait): string {
  const { name, slots, slotsPerKey, rate } = pool;
  const behind = before >= mostBefore ? `${mostBefore} or more before it` : `${before} before it`;
  if (nextAt !== null && rate !== undefined) {
    const next = new Date(nextAt).toISOString();
    return `waits for a start of pool ${name}: ${rate.starts} in ${rate.perMs / 1_000} s, the next at ${next}, ${behind}`;
  }
  if (slotsPerKey !== undefined && (slots === undefined || heldByKey >= slotsPerKey))
    return `waits for a slot of pool ${name}: ${heldByKey} of ${slotsPerKey} held for key ${key}, ${behind}`;
  const limit = slots === undefined ? 'held' : `of ${slots} held`;
  return `waits for a slot of pool ${name}: ${held} ${limit}, ${behind}`;
}
