import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';

/** Whether a consumer has counted all that was recorded up to a time; then up to which position that is. */
export type ReachedTime = { readonly kind: 'behind' } | { readonly kind: 'reached'; readonly upTo: Seq };

/**
 * Ends a time for the log: nothing is recorded at or before it any more, so that what is decided then is decided by all that there is.
 * @param wish - `at` in epoch milliseconds; `after` is what the consumer has counted
 */
export async function reachTime(
  db: Db,
  { dagId, at, after }: { readonly dagId: DagId; readonly at: number; readonly after: Seq },
): Promise<ReachedTime> {
  const { head } = await db
    .updateTable('log')
    .set({ at: sql`greatest(at, clock(), ${new Date(at + 1)}::timestamptz)` })
    .returning('head')
    .executeTakeFirstOrThrow();
  return (await hasUncounted(db, dagId, { after, upTo: head }))
    ? { kind: 'behind' }
    : { kind: 'reached', upTo: head };
}

async function hasUncounted(
  db: Db,
  dagId: DagId,
  { after, upTo }: { readonly after: Seq; readonly upTo: Seq },
): Promise<boolean> {
  const { rows } = await sql<{ behind: boolean }>`
    select exists (
      select from dag_version v where v.dag_id = ${dagId} and v.seq > ${after} and v.seq <= ${upTo}
    ) or exists (
      select from subscription s join lateral (
        select from asset_event e where ${isOfAsset(sql`s.asset_id`, {
          after: sql`greatest(s.live_after_seq, ${after}::bigint)`,
          upTo: sql`least(s.until_seq, ${upTo}::bigint)`,
        })} ${inLogOrder()} limit 1
      ) e on true where s.dag_id = ${dagId} and coalesce(s.until_seq, ${upTo}) > ${after}
    ) as behind`.execute(db);
  return rows[0]?.behind === true;
}
