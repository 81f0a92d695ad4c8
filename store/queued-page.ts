import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Delivery } from '../core/batch.ts';
import type { Gate } from '../core/gate.ts';
import { type Judge, metLeaves } from '../core/judge.ts';
import { keyOf, type LeafId, leafOfSubscription, subscriptionOf } from '../core/leaves.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { factsOf, type RecordedFacts } from './facts.ts';
import { isInPause } from './ignored.ts';
import type { Tx } from './log.ts';

/** An event that counts for a subscription, under one partition key. */
export interface QueuedRow extends RecordedFacts {
  readonly seq: Seq;
  readonly batch_end: Seq;
  readonly at: number;
  /** Whether a pause ignored it, so that it is not queued all the same. */
  readonly isIgnored: boolean;
}

interface Stretch {
  readonly after: Seq;
  readonly upTo: Seq;
  readonly ignored: NonNullable<Gate['ignored']>;
  readonly limit: number;
}

/** The first events of a stretch that count for the subscription of a leaf, in order. */
export async function readQueuedPage(
  tx: Tx,
  base: LeafId,
  { after, upTo, ignored, limit }: Stretch,
): Promise<readonly QueuedRow[]> {
  const { rows } = await sql<QueuedRow>`
    select e.seq, e.batch_end, (extract(epoch from e.recorded_at) * 1000)::bigint as at, e.extra, e.partition_key,
      e.source_dag_id, e.source_run_id, e.source_task_id, ${isInPause(sql`s.id`, { ignored })} as "isIgnored"
    from subscription s cross join lateral ${eventsOf(ofSubscription, {
      after: sql`${after}::bigint`,
      upTo: sql`${upTo}::bigint`,
      key: sql`${keyOf(base) ?? ''}`,
      limit: sql`${limit}`,
    })} e
    where s.id = ${subscriptionOf(base)} order by e.seq limit ${limit}`.execute(tx);
  return rows;
}

/** What a queued event counts under by the definition in force; at least under its subscription, for it is queued, whatever it meets now. */
export function leavesOf(
  judge: Judge,
  base: LeafId,
  row: RecordedFacts,
): readonly Pick<Delivery, 'leaf' | 'window'>[] {
  const judgement = judge(leafOfSubscription(subscriptionOf(base)), factsOf(row));
  const own = judgement.kind === 'accepted' ? judgement.keys.filter(({ key }) => key === keyOf(base)) : [];
  return own.length === 0 ? [{ leaf: base }] : own.flatMap(metLeaves);
}
