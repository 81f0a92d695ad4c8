import { sql } from 'kysely';
import type { Db } from './database.ts';
import {
  type GrantedLease,
  holderColumns,
  holderOf,
  type HolderRow,
  isAlive,
  type LeaseHolder,
  isOne,
  unnested,
} from './pool-leases.ts';

/** Notes that these were told what they were granted. */
export async function markTold(db: Db, leases: readonly LeaseHolder[]): Promise<void> {
  await sql`
    update pool_lease l set is_told = true from ${unnested(leases)} where ${isOne} and not l.is_told`.execute(
    db,
  );
}

/** Leases granted at least `olderThanMs` ago whose workflow may not know: whoever was to tell it died, or could not. */
export async function findUntold(
  db: Db,
  olderThanMs: number,
): Promise<readonly (GrantedLease & { readonly pool: string })[]> {
  const { rows } = await sql<HolderRow & { workflow_id: string; pool: string }>`
    select ${holderColumns}, l.workflow_id, l.pool from pool_lease l
    where l.granted_at <= clock() - ${olderThanMs}::float8 * interval '1 millisecond' and not l.is_told
    order by l.granted_at limit 1000`.execute(db);
  return rows.map(({ workflow_id, pool, ...row }) => ({ ...holderOf(row), workflowId: workflow_id, pool }));
}

/** Pools of which something may be given now: their rate allows the next start, or they are no more what they were. */
export async function findDuePools(db: Db): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('pool')
    .select('name')
    .where('next_at', '<=', sql<Date>`clock()`)
    .execute();
  return rows.map(({ name }) => name);
}

/** Leases whose run is closed or runs again, or whose task has ended, by pool: nobody returned them. */
export async function findDeadLeases(db: Db): Promise<ReadonlyMap<string, readonly LeaseHolder[]>> {
  const { rows } = await sql<HolderRow & { pool: string }>`
    select ${holderColumns}, l.pool from pool_lease l where not (${isAlive}) order by l.number limit 10000`.execute(
    db,
  );
  const byPool = new Map<string, LeaseHolder[]>();
  for (const { pool, ...row } of rows) byPool.set(pool, [...(byPool.get(pool) ?? []), holderOf(row)]);
  return byPool;
}
