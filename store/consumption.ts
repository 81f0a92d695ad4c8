import { sql } from 'kysely';
import type { Gate, MessageRange, Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { keyOf, subscriptionOf } from '../core/leaves.ts';
import { countOf, ofSubscription, subscriptionIn } from './events-of-subscription.ts';
import type { Tx } from './log.ts';
import type { Checkpoint, ConsumptionOutcome } from './schema.ts';

/** What becomes of events that leave the queue, and through what. */
export interface Leaving {
  readonly outcome: ConsumptionOutcome;
  readonly version: number;
  readonly who?: string;
  /** What had become too old before, beside what the gate still tells of. */
  readonly expired?: readonly Taken[];
  /** The gate that remains: what a consumer goes on from when it begins anew. */
  readonly gate: Gate;
}

/** What leaves the queue, and with which run. */
export interface LeavingQueue extends Taken {
  readonly runId?: RunId;
}

/**
 * Adds the next intervals of each subscription and partition key and stores the gate that remains. Each begins where the one before ended, and
 * leaves out what was ignored, so no event is ever taken twice. A run takes all that it asks for; whatever else becomes of events is told of what
 * is still there, for it may be told again when its answer was lost. What became too old leaves with them.
 * @returns whether everything was there to be taken
 */
export async function takeOut(
  tx: Tx,
  dagId: DagId,
  taken: readonly LeavingQueue[],
  { outcome, version, who, expired = [], gate: { expired: tooOld = [], ...gate } }: Leaving,
): Promise<boolean> {
  const all = [
    ...taken.map((one) => ({ ...one, outcome })),
    ...[...expired, ...tooOld].map((one): LeavingQueue & { outcome: ConsumptionOutcome } => ({
      ...one,
      outcome: 'expired',
    })),
  ];
  const isRun = outcome === 'consumed' && taken.length > 0 && gate.byKeys === undefined;
  const { rows } = await sql<{ added: number }>`
    with next as (
      select s.id, s.asset_id, s.alias_id, s.judged_after, s.live_after_seq, t.key, t.first_seq, t.upto_seq, t.count, t.outcome, t.run_id, greatest(coalesce(
        lag(t.upto_seq) over (partition by s.id, t.key order by t.upto_seq), (
          select upto_seq from consumption c where c.subscription_id = s.id and c.key = t.key and c.outcome <> 'ignored'
          order by upto_seq desc limit 1
        ), s.after_seq
        -- Of a partition key, what lies between is not of it.
      -- What is older than the consumer is listed by its first run, whatever leaves before.
      ), s.live_after_seq, case when t.key <> '' then t.first_seq - 1 end) as from_seq
      from unnest(
        ${all.map(({ leaf }) => subscriptionOf(leaf))}::int[], ${all.map(({ leaf }) => keyOf(leaf) ?? '')}::text[],
        ${all.map(({ firstSeq }) => firstSeq)}::bigint[], ${all.map(({ upTo }) => upTo)}::bigint[],
        ${all.map(({ count }) => count)}::bigint[], ${all.map((one) => one.outcome)}::text[],
        ${all.map(({ runId }) => runId ?? null)}::text[]
      ) as t (subscription_id, key, first_seq, upto_seq, count, outcome, run_id) join subscription s on s.id = t.subscription_id
    ), leaving as (
      -- What a pause had ignored in between has its own intervals.
      select next.*, ignored, int8multirange(int8range(from_seq + 1, upto_seq + 1)) - coalesce(ignored, '{}') as pieces
      from next cross join lateral (
        select range_agg(int8range(c.after_seq + 1, c.upto_seq + 1)) as ignored from consumption c
        where c.subscription_id = next.id and c.key = '' and c.outcome = 'ignored'
          and c.upto_seq > next.from_seq and c.after_seq < next.upto_seq
      ) as between_them
      where from_seq < case outcome when 'consumed' then first_seq else upto_seq end
    ), added as (
      insert into consumption (subscription_id, key, after_seq, upto_seq, dag_id, outcome, count, run_id, who, version)
      select id, key, lower(piece) - 1, upper(piece) - 1, ${dagId}, outcome, came.count, run_id,
        case when outcome = ${outcome} then ${who ?? null} end, ${version}
      from leaving cross join lateral unnest(pieces) as piece cross join lateral (
        select case when ignored is null and from_seq between live_after_seq and first_seq - 1 then leaving.count
          else ${countOf(subscriptionIn('leaving'), {
            after: sql`lower(piece) - 1`,
            upTo: sql`upper(piece) - 1`,
            key: sql`leaving.key`,
          })} end as count
      ) as came where came.count > 0
    ), history as (
      -- The first run of a consumer also lists what is older than it.
      insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, version)
      select s.id, s.after_seq, s.live_after_seq, ${dagId}, 'consumed', came.count, ${taken[0]?.runId ?? null}, ${version}
      from consumer join subscription s on s.dag_id = consumer.dag_id cross join lateral (
        select ${countOf(ofSubscription, { after: sql`s.after_seq`, upTo: sql`s.live_after_seq` })} as count
      ) as came
      where consumer.dag_id = ${dagId} and lists_history and ${isRun} and s.until_seq is null
        and s.after_seq < s.live_after_seq and came.count > 0
    ), stored as (
      update consumer set checkpoint = ${JSON.stringify({ version, gate } satisfies Checkpoint)},
        lists_history = lists_history and not ${isRun}
      where dag_id = ${dagId}
    )
    select count(*) filter (where outcome = ${outcome})::int as added from leaving`.execute(tx);
  return rows[0]?.added === taken.length;
}

/** Undoes the transaction of runs that would take events another one has: their consumer lacks a decision that was stored. */
export class TakenBefore extends Error {
  override readonly name = 'TakenBefore';
}

/** Whether a run consumed just this. */
export async function consumedExactly(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  taken: readonly Taken[],
): Promise<boolean> {
  // Of one subscription it may be several pieces, and more than was counted where older events were listed.
  const { rows } = await sql<{ subscription_id: number; key: string; upto_seq: number; count: number }>`
    select c.subscription_id, c.key, max(c.upto_seq) as upto_seq, sum(c.count)::bigint - coalesce(sum(${countOf(
      ofSubscription,
      {
        after: sql`c.after_seq`,
        upTo: sql`least(c.upto_seq, s.live_after_seq)`,
      },
    )}), 0)::bigint as count
    from consumption c join subscription s on s.id = c.subscription_id
    where c.dag_id = ${dagId} and c.run_id = ${runId} and c.upto_seq > s.live_after_seq group by c.subscription_id, c.key`.execute(
    tx,
  );
  const stored = new Set(rows.map((row) => `${row.subscription_id} ${row.upto_seq} ${row.count} ${row.key}`));
  return (
    stored.size === taken.length &&
    taken.every(({ leaf, upTo, count }) =>
      stored.has(`${subscriptionOf(leaf)} ${upTo} ${count} ${keyOf(leaf) ?? ''}`),
    )
  );
}

/** Writes down which events of each subscription a pause ignored. */
export async function writeIgnored(
  tx: Tx,
  dagId: DagId,
  { after, upTo }: MessageRange,
  version: number,
): Promise<void> {
  await sql`
    insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, version)
    select s.id, begins, ends, ${dagId}, 'ignored', came.count, ${version}
    from subscription s
    cross join lateral (
      select greatest(s.live_after_seq, ${after}::bigint) as begins, least(s.until_seq, ${upTo}::bigint) as ends
    ) as stretch
    cross join lateral (
      select ${countOf(ofSubscription, { after: sql`begins`, upTo: sql`ends` })} as count
    ) as came
    where s.dag_id = ${dagId} and begins < ends and came.count > 0
    on conflict (subscription_id, key, after_seq) do update set upto_seq = excluded.upto_seq, count = excluded.count`.execute(
    tx,
  );
}
