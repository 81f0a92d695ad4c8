import { sql } from 'kysely';
import { mostSlots, type PoolPlan } from '../core/pool.ts';
import type { Grant, KeyLine } from '../core/pool-grants.ts';
import type { Tx } from './log.ts';
import { type GrantedLease, holderColumns, holderOf, type HolderRow } from './pool-leases.ts';

/** Slots held of a pool; not counted where it does not limit them. */
export async function countHeld(tx: Tx, { name, slots }: PoolPlan): Promise<number> {
  if (slots === undefined) return 0;
  const { rows } = await sql<{ held: number }>`
    select coalesce(sum(slots), 0)::int as held from pool_lease where pool = ${name} and granted_at is not null`.execute(
    tx,
  );
  return rows[0]?.held ?? 0;
}

/** The next keys that may hold what they wait for, in the order of the ring, each with the oldest of its requests; `limit` of both at most. */
export async function readRing(tx: Tx, pool: PoolPlan, limit: number): Promise<readonly KeyLine[]> {
  const most = Number.isFinite(mostSlots(pool)) ? mostSlots(pool) : null;
  const { rows } = await sql<KeyLine>`
    select k.key, k.held, w.waiting from (
      select key, held, place from pool_key where pool = ${pool.name} and next_slots is not null
        and (${pool.slotsPerKey ?? null}::int is null or held + least(next_slots, ${most}::int) <= ${pool.slotsPerKey ?? null}::int)
      order by place limit ${limit}
    ) k cross join lateral (
      select json_agg(json_build_object('number', l.number, 'slots', l.slots) order by l.number) as waiting from (
        select number, slots from pool_lease where pool = ${pool.name} and key = k.key and granted_at is null order by number limit ${limit}
      ) l
    ) w order by k.place`.execute(tx);
  return rows;
}

/** Writes down what was granted. @returns who it is */
export async function writeGrants(
  tx: Tx,
  pool: string,
  granted: readonly Grant[],
  at: Date,
): Promise<readonly GrantedLease[]> {
  const { rows } = await sql<HolderRow & { workflow_id: string }>`
    update pool_lease l set granted_at = ${at}
    where l.pool = ${pool} and l.granted_at is null and l.number = any(${granted.map(({ number }) => number)}::bigint[])
    returning ${holderColumns}, l.workflow_id`.execute(tx);
  return rows.map((row) => ({ ...holderOf(row), workflowId: row.workflow_id }));
}

/**
 * Sums up anew what these keys hold and wait for. Those that waited for nothing, and where `isTurn` all of them, go behind all others, in this order.
 * @returns how many turns there were until then
 */
export async function sumUpKeys(
  tx: Tx,
  pool: string,
  keys: readonly string[],
  { turn, isTurn }: { readonly turn: number; readonly isTurn: boolean },
): Promise<number> {
  if (keys.length === 0) return turn;
  await sql`
    insert into pool_key as k (pool, key, held, next_slots, place)
    select ${pool}, u.key, coalesce(h.held, 0), n.slots, ${turn}::bigint + u.ord
    from unnest(${keys}::text[]) with ordinality as u (key, ord)
    left join lateral (
      select sum(slots)::int as held from pool_lease where pool = ${pool} and key = u.key and granted_at is not null
    ) h on true
    left join lateral (
      select slots from pool_lease where pool = ${pool} and key = u.key and granted_at is null order by number limit 1
    ) n on true
    on conflict (pool, key) do update set held = excluded.held, next_slots = excluded.next_slots,
      place = case when k.next_slots is null or ${isTurn} then excluded.place else k.place end`.execute(tx);
  await sql`
    delete from pool_key where pool = ${pool} and key = any(${keys}::text[]) and held = 0 and next_slots is null`.execute(
    tx,
  );
  return turn + keys.length;
}
