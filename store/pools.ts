import { sql } from 'kysely';
import type { PoolPlan, RatePlan } from '../core/pool.ts';
import type { Tx } from './log.ts';

/** A pool as its row says. */
export interface PoolRow {
  readonly name: string;
  readonly slots: number | null;
  readonly slots_per_key: number | null;
  readonly rate: RatePlan | null;
}

export function poolOf({ name, slots, slots_per_key, rate }: PoolRow): PoolPlan {
  return {
    name,
    ...(slots === null ? {} : { slots }),
    ...(slots_per_key === null ? {} : { slotsPerKey: slots_per_key }),
    ...(rate === null ? {} : { rate }),
  };
}

/**
 * Writes the pools of a deploy. One that changed is due, so that a sweep gives what is free now; what waits for one that is gone is granted, and
 * told by a sweep; what is held of it is held until it is returned.
 */
export async function writePools(tx: Tx, pools: readonly PoolPlan[]): Promise<void> {
  const names = pools.map(({ name }) => name);
  const { rows: gone } = await sql<{ name: string }>`
    delete from pool where name <> all(${names}::text[]) returning name`.execute(tx);
  if (gone.length > 0)
    await letGo(
      tx,
      gone.map(({ name }) => name),
    );
  for (const { name, slots = null, slotsPerKey = null, rate } of pools) {
    const written = rate === undefined ? null : JSON.stringify(rate);
    await sql`
      insert into pool (name, slots, slots_per_key, rate) values (${name}, ${slots}, ${slotsPerKey}, ${written}::jsonb)
      on conflict (name) do update set
        slots = excluded.slots, slots_per_key = excluded.slots_per_key, rate = excluded.rate, next_at = clock()
      where (pool.slots, pool.slots_per_key, pool.rate) is distinct from (excluded.slots, excluded.slots_per_key, excluded.rate)`.execute(
      tx,
    );
  }
}

async function letGo(tx: Tx, names: readonly string[]): Promise<void> {
  await sql`
    update pool_lease set granted_at = clock() where pool = any(${names}::text[]) and granted_at is null`.execute(
    tx,
  );
  await sql`delete from pool_key where pool = any(${names}::text[])`.execute(tx);
}
