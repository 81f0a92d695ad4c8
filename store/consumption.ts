import { sql } from 'kysely';
import type { Gate, Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
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
 * Adds the next intervals of each subscription and stores the gate that remains. Each begins where the one before ended, so no event is
 * ever taken twice. A run takes all that it asks for; dropping and clearing take what is still there, for they may be told again
 * when their answer was lost.
 * @returns whether each interval was added
 */
export async function takeOut(
  tx: Tx,
  dagId: DagId,
  taken: readonly (Taken & { readonly runId?: RunId })[],
  { outcome, version, who, gate }: Leaving,
): Promise<boolean> {
  const { rows } = await sql<{ added: number }>`
    with added as (
      insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, who, version)
      select id, from_seq, upto_seq, ${dagId}, ${outcome}, case when from_seq < first_seq then count else (
        select count(*) from asset_event e where e.asset_id = next.asset_id and e.seq > from_seq and e.seq <= upto_seq
      ) end, run_id, ${who ?? null}, ${version}
      from (
        select s.id, s.asset_id, t.first_seq, t.upto_seq, t.count, t.run_id, coalesce(
          lag(t.upto_seq) over (partition by s.id order by t.upto_seq),
          (select upto_seq from consumption c where c.subscription_id = s.id and c.key = '' order by upto_seq desc limit 1),
          s.after_seq
        ) as from_seq
        from unnest(
          ${taken.map(({ leaf }) => Number(leaf))}::int[], ${taken.map(({ firstSeq }) => firstSeq)}::bigint[],
          ${taken.map(({ upTo }) => upTo)}::bigint[], ${taken.map(({ count }) => count)}::bigint[],
          ${taken.map(({ runId }) => runId ?? null)}::text[]
        ) as t (subscription_id, first_seq, upto_seq, count, run_id) join subscription s on s.id = t.subscription_id
      ) as next where from_seq < ${outcome === 'consumed' ? sql`first_seq` : sql`upto_seq`}
      returning 1
    ), stored as (
      update consumer set checkpoint = ${JSON.stringify({ version, gate } satisfies Checkpoint)} where dag_id = ${dagId}
    )
    select count(*)::int as added from added`.execute(tx);
  return rows[0]?.added === taken.length;
}

/** Whether a run consumed just this. */
export async function consumedExactly(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  taken: readonly Taken[],
): Promise<boolean> {
  const rows = await tx
    .selectFrom('consumption')
    .select(['subscription_id', 'upto_seq', 'count'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .execute();
  const stored = new Set(rows.map((row) => `${row.subscription_id} ${row.upto_seq} ${row.count}`));
  return (
    stored.size === taken.length &&
    taken.every(({ leaf, upTo, count }) => stored.has(`${leaf} ${upTo} ${count}`))
  );
}
