import { type RawBuilder, sql } from 'kysely';
import type { Gate } from '../core/gate.ts';

/** The stretches that a gate has yet to reach the end of, as a query of `after_seq` and `upto_seq`. */
export function stretchesOf({ ignored = [] }: Pick<Gate, 'ignored'>): RawBuilder<unknown> {
  return sql`select * from unnest(
    ${ignored.map(({ after }) => after)}::bigint[], ${ignored.map(({ upTo }) => upTo)}::bigint[]
  )`;
}

/** Whether a pause ignored the event `e` of a subscription, so that it is not queued: one that ended, or one that the gate knows. */
export function isInPause(
  subscriptionId: RawBuilder<unknown>,
  gate: Pick<Gate, 'ignored'>,
): RawBuilder<boolean> {
  return sql`exists (
    select from (
      select c.after_seq, c.upto_seq from consumption c
      where c.subscription_id = ${subscriptionId} and c.key = '' and c.outcome = 'ignored' and c.upto_seq >= e.seq
      union all ${stretchesOf(gate)}
    ) as stretch (after_seq, upto_seq) where e.seq > stretch.after_seq and (upto_seq is null or e.seq <= upto_seq)
  )`;
}
