import { sql } from 'kysely';
import { leafOfSubscription } from '../core/leaves.ts';
import type { Clearing, Cut } from '../core/clearing.ts';
import type { Queued } from '../core/gate.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import type { Tx } from './log.ts';

/** Reads where queues are to be cut: which of the events that a gate only counts are older. Those a pause ignored are not in it. */
export async function readCuts(tx: Tx, { gate, cut }: Clearing): Promise<readonly Cut[]> {
  if (cut === null) return [];
  const queues = cut.leaves.flatMap((leaf) => {
    const queued = gate.queued[leaf];
    return queued === undefined ? [] : [{ leaf, ...queued }];
  });
  const { ignored = [] } = gate;
  const before = sql`${new Date(cut.before)}::timestamptz`;
  const { rows } = await sql<Queued & { readonly subscription: number; readonly upTo: number }>`
    select s.id as subscription, max(e.seq) filter (where e.recorded_at < ${before}) as "upTo",
      count(*) filter (where e.recorded_at >= ${before}) as count,
      min(e.seq) filter (where e.recorded_at >= ${before}) as "firstSeq", max(e.seq) as "lastSeq",
      (extract(epoch from min(e.recorded_at) filter (where e.recorded_at >= ${before})) * 1000)::bigint as "firstAt",
      (extract(epoch from max(e.recorded_at)) * 1000)::bigint as "lastAt"
    from unnest(
      ${queues.map(({ leaf }) => Number(leaf))}::int[], ${queues.map(({ firstSeq }) => firstSeq)}::bigint[],
      ${queues.map(({ lastSeq }) => lastSeq)}::bigint[]
    ) as queue (subscription_id, first_seq, last_seq)
    join subscription s on s.id = queue.subscription_id
    cross join lateral (
      select coalesce(range_agg(int8range(after_seq + 1, upto_seq + 1)), '{}') as ignored from (
        select c.after_seq, c.upto_seq from consumption c
        where c.subscription_id = s.id and c.key = '' and c.outcome = 'ignored' and c.upto_seq >= queue.first_seq
        union all select * from unnest(
          ${ignored.map(({ after }) => after)}::bigint[], ${ignored.map(({ upTo }) => upTo)}::bigint[]
        )
      ) as stretch (after_seq, upto_seq)
    ) as pauses
    cross join lateral ${eventsOf(ofSubscription, { after: sql`queue.first_seq - 1`, upTo: sql`queue.last_seq` })} e
    where not ignored @> e.seq
    group by s.id`.execute(tx);
  return rows.map(({ subscription, upTo, ...rest }) => ({
    leaf: leafOfSubscription(subscription),
    upTo,
    rest,
  }));
}
