import { sql } from 'kysely';
import { isBase, keyOf, leafOfSubscription, ofKey, subscriptionOf } from '../core/leaves.ts';
import type { Clearing, Cut } from '../core/clearing.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate, Queued } from '../core/gate.ts';
import { looksInside } from '../core/judge.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { stretchesOf } from './ignored.ts';
import type { Tx } from './log.ts';
import { keyFrom } from './queued-row.ts';
import { recount } from './recount.ts';

/**
 * Reads where queues are to be cut: which of the events that a gate only counts are older. Those a pause ignored are not in it.
 * @param definition - in force
 */
export async function readCuts(
  tx: Tx,
  definition: Definition,
  { gate, cut }: Clearing,
): Promise<readonly Cut[]> {
  if (cut === null) return [];
  const bases = cut.leaves.filter(isBase);
  const plain = await readPlainCuts(tx, gate, { leaves: bases, before: cut.before });
  if (!looksInside(definition)) return plain;
  const wishes = bases.flatMap((base) => {
    const queued = gate.queued[base];
    return queued === undefined ? [] : [{ base, queued, notBefore: cut.before }];
  });
  const rest = await recount(tx, definition, gate, wishes);
  const upTo = new Map(plain.map((one) => [one.leaf, one.upTo]));
  return cut.leaves.map((leaf) => ({ leaf, upTo: upTo.get(leaf) ?? null, rest: rest[leaf] ?? null }));
}

async function readPlainCuts(tx: Tx, gate: Gate, cut: NonNullable<Clearing['cut']>): Promise<readonly Cut[]> {
  const queues = cut.leaves.flatMap((leaf) => {
    const queued = gate.queued[leaf];
    return queued === undefined ? [] : [{ leaf, ...queued }];
  });
  const before = sql`${new Date(cut.before)}::timestamptz`;
  const { rows } = await sql<
    Queued & { readonly subscription: number; readonly key: string; readonly upTo: number }
  >`
    select s.id as subscription, queue.key, max(e.seq) filter (where e.recorded_at < ${before}) as "upTo",
      count(*) filter (where e.recorded_at >= ${before}) as count,
      min(e.seq) filter (where e.recorded_at >= ${before}) as "firstSeq", max(e.seq) as "lastSeq",
      (extract(epoch from min(e.recorded_at) filter (where e.recorded_at >= ${before})) * 1000)::bigint as "firstAt",
      (extract(epoch from max(e.recorded_at)) * 1000)::bigint as "lastAt"
    from unnest(
      ${queues.map(({ leaf }) => subscriptionOf(leaf))}::int[], ${queues.map(({ leaf }) => keyOf(leaf) ?? '')}::text[],
      ${queues.map(({ firstSeq }) => firstSeq)}::bigint[], ${queues.map(({ lastSeq }) => lastSeq)}::bigint[]
    ) as queue (subscription_id, key, first_seq, last_seq)
    join subscription s on s.id = queue.subscription_id
    cross join lateral (
      select coalesce(range_agg(int8range(after_seq + 1, upto_seq + 1)), '{}') as ignored from (
        select c.after_seq, c.upto_seq from consumption c
        where c.subscription_id = s.id and c.key = '' and c.outcome = 'ignored' and c.upto_seq >= queue.first_seq
        union all ${stretchesOf(gate)}
      ) as stretch (after_seq, upto_seq)
    ) as pauses
    cross join lateral ${eventsOf(ofSubscription, { after: sql`queue.first_seq - 1`, upTo: sql`queue.last_seq`, key: sql`queue.key` })} e
    where not ignored @> e.seq
    group by s.id, queue.key`.execute(tx);
  return rows.map(({ subscription, key, upTo, ...rest }) => ({
    leaf: ofKey(leafOfSubscription(subscription), keyFrom(key)),
    upTo,
    rest,
  }));
}
