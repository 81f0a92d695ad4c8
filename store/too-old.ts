import { sql } from 'kysely';
import type { Taken } from '../core/gate.ts';
import { keyOf, subscriptionOf } from '../core/leaves.ts';
import type { LeavingQueue } from './consumption.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import type { Tx } from './log.ts';

/** Splits what a run takes at the time before which it is too old. The log never changes, so telling it again splits at the same place. */
export async function splitTooOld(
  tx: Tx,
  taken: readonly LeavingQueue[],
): Promise<{ readonly taken: readonly LeavingQueue[]; readonly expired: readonly Taken[] }> {
  const mixed = taken.filter(({ tooOld }) => tooOld !== undefined);
  if (mixed.length === 0) return { taken, expired: [] };
  const { rows } = await sql<{ place: number; upTo: number; count: number }>`
    select place, old."upTo", old.count
    from unnest(
      ${mixed.map(({ leaf }) => subscriptionOf(leaf))}::int[], ${mixed.map(({ leaf }) => keyOf(leaf) ?? '')}::text[],
      ${mixed.map(({ firstSeq }) => firstSeq)}::bigint[], ${mixed.map(({ upTo }) => upTo)}::bigint[],
      ${mixed.map(({ tooOld = 0 }) => new Date(tooOld))}::timestamptz[]
    ) with ordinality as t (subscription_id, key, first_seq, upto_seq, too_old, place)
    join subscription s on s.id = t.subscription_id
    cross join lateral (
      select max(e.seq) as "upTo", count(*) as count
      from ${eventsOf(ofSubscription, { after: sql`t.first_seq - 1`, upTo: sql`t.upto_seq`, key: sql`t.key` })} e
      where e.recorded_at <= t.too_old
    ) as old where old.count > 0`.execute(tx);
  const old = new Map(rows.map((row) => [mixed[row.place - 1], row]));
  return {
    taken: taken.map((part) => {
      const split = old.get(part);
      return split === undefined
        ? part
        : { ...part, count: part.count - split.count, firstSeq: split.upTo + 1 };
    }),
    expired: [...old].flatMap(([part, { upTo, count }]) =>
      part === undefined ? [] : [{ leaf: part.leaf, count, firstSeq: part.firstSeq, upTo }],
    ),
  };
}
