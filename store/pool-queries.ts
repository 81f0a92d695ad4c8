import { type RawBuilder, sql } from 'kysely';
import type { PoolPlan } from '../core/pool.ts';
import { mostBefore, type PoolWait } from '../core/pool-waiting.ts';
import type { TaskId } from '../core/ids.ts';
import type { Db } from './database.ts';
import type { Page } from './page.ts';
import { type LeaseHolder, holderColumns, holderOf, type HolderRow } from './pool-leases.ts';
import { poolOf, type PoolRow } from './pools.ts';
import type { RunAttempt } from './runs.ts';

/** A pool as it is now. */
export interface PoolRecord {
  readonly pool: PoolPlan;
  /** Slots that are held, by how many, and how many wait. */
  readonly held: number;
  readonly holders: number;
  readonly waiting: number;
  readonly nextAt: Date | null;
}

type PoolRecordRow = PoolRow & { held: number; holders: number; waiting: number; next_at: Date | null };

/** Pools of the latest deploy, in the order of their names. */
export async function listPools(db: Db, { limit, offset }: Page): Promise<readonly PoolRecord[]> {
  return select(db, sql`order by p.name limit ${limit} offset ${offset}`);
}

export async function countPools(db: Db): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from pool`.execute(db);
  return rows[0]?.count ?? 0;
}

export async function findPool(db: Db, name: string): Promise<PoolRecord | undefined> {
  return (await select(db, sql`where p.name = ${name}`))[0];
}

async function select(db: Db, which: RawBuilder<unknown>): Promise<readonly PoolRecord[]> {
  const { rows } = await sql<PoolRecordRow>`
    select p.name, p.slots, p.slots_per_key, p.rate, p.next_at, h.held, h.holders,
      (select count(*) from pool_lease l where l.pool = p.name and l.granted_at is null) as waiting
    from pool p cross join lateral (
      select coalesce(sum(l.slots), 0)::int as held, count(*) as holders from pool_lease l where l.pool = p.name and l.granted_at is not null
    ) h ${which}`.execute(db);
  return rows.map(({ held, holders, waiting, next_at, ...row }) => ({
    ...{ pool: poolOf(row), held, holders, waiting, nextAt: next_at },
  }));
}

/** Who holds slots of a pool, or waits for some. */
export interface LeaseRecord extends LeaseHolder {
  readonly key: string;
  readonly slots: number;
  readonly askedAt: Date;
  /** `null` while it waits. */
  readonly grantedAt: Date | null;
}

/** Those who hold slots of a pool, the longest first, or those who wait, in the order in which they asked; at most `limit`. */
export async function listLeases(
  db: Db,
  pool: string,
  { isHeld, limit }: { readonly isHeld: boolean; readonly limit: number },
): Promise<readonly LeaseRecord[]> {
  const which = isHeld
    ? sql`l.granted_at is not null order by l.granted_at, l.number`
    : sql`l.granted_at is null order by l.number`;
  const { rows } = await sql<
    HolderRow & { key: string; slots: number; asked_at: Date; granted_at: Date | null }
  >`
    select ${holderColumns}, l.key, l.slots, l.asked_at, l.granted_at from pool_lease l
    where l.pool = ${pool} and ${which} limit ${limit}`.execute(db);
  return rows.map(({ key, slots, asked_at, granted_at, ...row }) => ({
    ...holderOf(row),
    ...{ key, slots, askedAt: asked_at, grantedAt: granted_at },
  }));
}

/** What of a run waits for a pool: a task, or the run as a whole. */
export interface WaitRecord extends PoolWait {
  /** Absent where it is the run. */
  readonly taskId?: TaskId;
  /** Instances of a mapped task, or one; the rest is of the one that asked first. */
  readonly count: number;
}

type WaitRow = PoolRow & {
  task_id: TaskId | '';
  count: number;
  key: string;
  held: number;
  held_by_key: number;
  before: number;
  next_at: Date | null;
};

/** What of an attempt waits for slots of pools, and among whom. */
export async function listWaits(
  db: Db,
  { dagId, runId, attempt }: RunAttempt,
): Promise<readonly WaitRecord[]> {
  const { rows } = await sql<WaitRow>`
    with mine as (
      select task_id, count(*) as count, min(number) as number from pool_lease
      where dag_id = ${dagId} and run_id = ${runId} and attempt = ${attempt} and granted_at is null group by task_id
    )
    select m.task_id, m.count, l.key, p.name, p.slots, p.slots_per_key, p.rate, p.next_at, h.held, h.held_by_key,
      (select count(*) from (
        select from pool_lease b where b.pool = l.pool and b.granted_at is null and b.number < l.number limit ${mostBefore}
      ) b) as before
    from mine m join pool_lease l on l.dag_id = ${dagId} and l.run_id = ${runId} and l.attempt = ${attempt} and l.number = m.number
    join pool p on p.name = l.pool
    cross join lateral (
      select coalesce(sum(slots), 0)::int as held, coalesce(sum(slots) filter (where key = l.key), 0)::int as held_by_key
      from pool_lease where pool = l.pool and granted_at is not null
    ) h`.execute(db);
  return rows.map(({ task_id, count, key, held, held_by_key, before, next_at, ...row }) => ({
    ...(task_id === '' ? {} : { taskId: task_id }),
    ...{ count, pool: poolOf(row), key, held, heldByKey: held_by_key, before },
    nextAt: next_at?.getTime() ?? null,
  }));
}
