import { sql } from 'kysely';
import type { Gate, MessageRange, Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { countOf, ofSubscription } from './events-of-subscription.ts';
import type { Tx } from './log.ts';
import type { Checkpoint, ConsumptionOutcome } from './schema.ts';

/** What becomes of events that leave the queue, and through what. */
export interface Leaving {
  readonly outcome: ConsumptionOutcome;
  readonly version: number;
  readonly who?: string;
  /** The gate that remains: what a consumer goes on from when it begins anew. */
  readonly gate: Gate;
}

/**
 * Adds the next intervals of each subscription and stores the gate that remains. Each begins where the one before ended, and leaves out
 * what was ignored, so no event is ever taken twice. A run takes all that it asks for; dropping and clearing take what is still there, for they may be told again
 * when their answer was lost.
 * @returns whether everything was there to be taken
 */
export async function takeOut(
  tx: Tx,
  dagId: DagId,
  taken: readonly (Taken & { readonly runId?: RunId })[],
  { outcome, version, who, gate }: Leaving,
): Promise<boolean> {
  const { rows } = await sql<{ added: number }>`
    with next as (
      select s.id, s.asset_id, s.alias_id, s.live_after_seq, t.first_seq, t.upto_seq, t.count, t.run_id, coalesce(
        lag(t.upto_seq) over (partition by s.id order by t.upto_seq), (
          select upto_seq from consumption c where c.subscription_id = s.id and c.key = '' and c.outcome <> 'ignored'
          order by upto_seq desc limit 1
        ), s.after_seq
      ) as from_seq
      from unnest(
        ${taken.map(({ leaf }) => Number(leaf))}::int[], ${taken.map(({ firstSeq }) => firstSeq)}::bigint[],
        ${taken.map(({ upTo }) => upTo)}::bigint[], ${taken.map(({ count }) => count)}::bigint[],
        ${taken.map(({ runId }) => runId ?? null)}::text[]
      ) as t (subscription_id, first_seq, upto_seq, count, run_id) join subscription s on s.id = t.subscription_id
    ), leaving as (
      -- What a pause had ignored in between has its own intervals.
      select next.*, ignored, int8multirange(int8range(from_seq + 1, upto_seq + 1)) - coalesce(ignored, '{}') as pieces
      from next cross join lateral (
        select range_agg(int8range(c.after_seq + 1, c.upto_seq + 1)) as ignored from consumption c
        where c.subscription_id = next.id and c.key = '' and c.outcome = 'ignored'
          and c.upto_seq > next.from_seq and c.after_seq < next.upto_seq
      ) as between_them
      where from_seq < ${outcome === 'consumed' ? sql`first_seq` : sql`upto_seq`}
    ), added as (
      insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, who, version)
      select id, lower(piece) - 1, upper(piece) - 1, ${dagId}, ${outcome}, came.count, run_id, ${who ?? null}, ${version}
      from leaving cross join lateral unnest(pieces) as piece cross join lateral (
        select case when ignored is null and from_seq between live_after_seq and first_seq - 1 then leaving.count
          else ${countOf(
            { assetId: sql`leaving.asset_id`, aliasId: sql`leaving.alias_id` },
            { after: sql`lower(piece) - 1`, upTo: sql`upper(piece) - 1` },
          )} end as count
      ) as came where came.count > 0
    ), stored as (
      update consumer set checkpoint = ${JSON.stringify({ version, gate } satisfies Checkpoint)} where dag_id = ${dagId}
    )
    select count(*)::int as added from leaving`.execute(tx);
  return rows[0]?.added === taken.length;
}

/** Whether a run consumed just this. */
export async function consumedExactly(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  taken: readonly Taken[],
): Promise<boolean> {
  // Of one subscription it may be several pieces, and more than was counted where older events were listed.
  const { rows } = await sql<{ subscription_id: number; upto_seq: number; count: number }>`
    select c.subscription_id, max(c.upto_seq) as upto_seq, sum(c.count)::bigint - coalesce(sum(${countOf(
      ofSubscription,
      {
        after: sql`c.after_seq`,
        upTo: sql`least(c.upto_seq, s.live_after_seq)`,
      },
    )}), 0)::bigint as count
    from consumption c join subscription s on s.id = c.subscription_id
    where c.dag_id = ${dagId} and c.run_id = ${runId} group by c.subscription_id`.execute(tx);
  const stored = new Set(rows.map((row) => `${row.subscription_id} ${row.upto_seq} ${row.count}`));
  return (
    stored.size === taken.length &&
    taken.every(({ leaf, upTo, count }) => stored.has(`${leaf} ${upTo} ${count}`))
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
