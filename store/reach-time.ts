import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { judgeAhead } from './judging.ts';

/** Whether a consumer has counted all that was recorded up to a time; then up to which position, and which time, that is. */
export type ReachedTime =
  | { readonly kind: 'behind' }
  | { readonly kind: 'reached'; readonly upTo: Seq; readonly at: number };

/**
 * Ends a time for the log: nothing is recorded at or before it any more, so that what is decided then is decided by all that there is. The clock is
 * that of the log: what Temporal thinks is the future is not reached yet.
 * @param wish - `at` in epoch milliseconds; `after` is what the consumer has counted
 */
export async function reachTime(
  db: Db,
  { dagId, at, after }: { readonly dagId: DagId; readonly at: number; readonly after: Seq },
): Promise<ReachedTime> {
  const reached = sql`least(clock(), ${new Date(at)}::timestamptz)`;
  const log = await db
    .updateTable('log')
    .set({ at: sql`greatest(at, clock(), ${reached} + interval '1 millisecond')` })
    .returning(['head', sql<Date>`${reached}`.as('reached')])
    .executeTakeFirstOrThrow();
  // Those that look into events are told of what they accept only.
  await judgeAhead(db, dagId);
  return (await hasUncounted(db, dagId, { after, upTo: log.head }))
    ? { kind: 'behind' }
    : { kind: 'reached', upTo: log.head, at: log.reached.getTime() };
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
      select from subscription s cross join lateral ${eventsOf(ofSubscription, {
        after: sql`greatest(s.live_after_seq, ${after}::bigint)`,
        upTo: sql`least(s.until_seq, ${upTo}::bigint)`,
        limit: sql`1`,
      })} e where s.dag_id = ${dagId} and coalesce(s.until_seq, ${upTo}) > ${after}
    ) as behind`.execute(db);
  return rows[0]?.behind === true;
}
