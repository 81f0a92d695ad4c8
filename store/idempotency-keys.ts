import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Tx } from './log.ts';
import type { IdempotencyKey } from './recording.ts';

/** A key that was used before, with what it stands for. */
export interface UsedKey {
  readonly seq: Seq;
  readonly requestHash: string;
}

/** Claims keys that were never used, in one order for everybody; the answer names those that were free. */
export async function claimKeys(tx: Tx, keys: readonly IdempotencyKey[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .insertInto('idempotency_key')
    .values(
      keys
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ key, requestHash }) => ({ key, request_hash: requestHash, seq: 0 })),
    )
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute();
  return new Set(rows.map(({ key }) => key));
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
