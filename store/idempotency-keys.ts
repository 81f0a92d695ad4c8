import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { IdempotencyKey } from './recording.ts';

/** A key that was used before, with what it stands for. */
export interface UsedKey {
  readonly seq: Seq;
  readonly requestHash: string;
}

/**
 * Claims keys that were never used, or forgotten since, in one order for everybody; the answer names those that were free. The others are
 * not forgotten before the transaction ends.
 */
export async function claimKeys(tx: Tx, keys: readonly IdempotencyKey[]): Promise<ReadonlySet<string>> {
  const free = new Set<string>();
  let asked = keys.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  while (asked.length > 0) {
    for (const key of await insertFree(tx, asked)) free.add(key);
    const used = asked.filter(({ key }) => !free.has(key));
    const held = await holdKeys(tx, used);
    // One that was there a moment ago and is not now was just forgotten: it is free.
    asked = used.filter(({ key }) => !held.has(key));
  }
  return free;
}

async function insertFree(tx: Tx, keys: readonly IdempotencyKey[]): Promise<readonly string[]> {
  const rows = await tx
    .insertInto('idempotency_key')
    .values(keys.map(({ key, requestHash }) => ({ key, request_hash: requestHash, seq: 0 })))
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute();
  return rows.map(({ key }) => key);
}

async function holdKeys(tx: Tx, keys: readonly IdempotencyKey[]): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const rows = await tx
    .selectFrom('idempotency_key')
    .select('key')
    .where(
      'key',
      'in',
      keys.map(({ key }) => key),
    )
    .forKeyShare()
    .execute();
  return new Set(rows.map(({ key }) => key));
}

/** Forgets up to `limit` of the oldest keys that are older; not those that a request is just asking for. @returns how many */
export async function forgetKeys(db: Db, olderThanMs: number, limit: number): Promise<number> {
  const { numAffectedRows = 0n } = await sql`
    delete from idempotency_key where key in (
      select key from idempotency_key where created_at < clock() - ${olderThanMs}::float8 * interval '1 millisecond'
      order by created_at limit ${limit} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows);
}

export async function setKeySeqs(tx: Tx, seqs: ReadonlyMap<string, Seq>): Promise<void> {
  await sql`
    update idempotency_key set seq = v.seq
    from unnest(${[...seqs.keys()]}::text[], ${[...seqs.values()]}::bigint[]) as v (key, seq)
    where idempotency_key.key = v.key`.execute(tx);
}

export async function readKeys(tx: Tx, keys: readonly string[]): Promise<ReadonlyMap<string, UsedKey>> {
  const rows = await tx
    .selectFrom('idempotency_key')
    .select(['key', 'seq', 'request_hash'])
    .where('key', 'in', keys)
    .execute();
  return new Map(rows.map(({ key, seq, request_hash }) => [key, { seq, requestHash: request_hash }]));
}
