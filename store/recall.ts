import { sql } from 'kysely';
import type { Forgotten, Gate, Queued } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import { aged } from '../core/gate-time.ts';
import { keyOf, type LeafId } from '../core/leaves.ts';
import { byAge, indexOf } from '../core/pending-index.ts';
import type { Db } from './database.ts';
import { isInPause } from './ignored.ts';
import type { Tx } from './log.ts';
import { queuedColumns, queuedFrom, type QueuedSummary } from './queued-row.ts';

/** Partition keys that are recalled at a time where a consumer has slots again. */
const keysAtOnce = 200;
/** The same of those that are too old by now. */
const tooOldAtOnce = 1_000;

/**
 * What is queued under partition keys that a gate let go of: what its consumer accepted under them, up to where it has counted, and nobody took.
 * @param keys - `null` is all but those the gate holds
 */
export async function recall(
  db: Db | Tx,
  dagId: DagId,
  gate: Pick<Gate, 'watermark' | 'queued' | 'ignored'>,
  keys: readonly string[] | null,
): Promise<Gate['queued']> {
  const { watermark } = gate;
  const held = [...new Set(Object.keys(gate.queued).map((leaf) => keyOf(leaf as LeafId) ?? ''))];
  const { rows } = await sql<QueuedSummary>`
    with recursive of_dag as (
      select id, greatest(live_after_seq, judged_after) as after_seq from subscription where dag_id = ${dagId} and until_seq is null
    ), walked as (
      -- From key to key through the index, however many events each has.
      select id, after_seq, (select min(key) from accepted_event j where j.subscription_id = of_dag.id) as key
      from of_dag where ${keys === null}
      union all
      select id, after_seq, (select min(key) from accepted_event j where j.subscription_id = walked.id and j.key > walked.key)
      from walked where key is not null
    ), wanted as (
      select id, after_seq, key from walked where key is not null and not key = any(${held}::text[])
      union all select id, after_seq, key from of_dag cross join unnest(${keys ?? []}::text[]) as key
    )
    select leaf, wanted.key, ${queuedColumns('j')}
    from wanted cross join lateral (
      select coalesce(max(upto_seq), 0) as seq from consumption c
      where c.subscription_id = wanted.id and c.key = wanted.key and c.outcome <> 'ignored'
    ) as taken
    join accepted_event j on j.subscription_id = wanted.id and j.key = wanted.key
      -- Written so that only the index by key can bound it: without statistics yet, the one by position looks as good.
      and (j.key, j.seq) > (wanted.key, greatest(taken.seq, wanted.after_seq)) and (j.key, j.seq) <= (wanted.key, ${watermark}::bigint)
    cross join lateral (select seq, recorded_at from asset_event e where e.seq = j.seq limit 1) e
    cross join lateral unnest(j.leaves) as leaf
    where not ${isInPause(sql`wanted.id`, gate)}
    group by leaf, wanted.key`.execute(db);
  return Object.fromEntries(rows.map(queuedFrom));
}

/** Keys that are met and that a gate let go of while it had no slot: those with the oldest events, and what is said of the others. */
export async function recallMet(
  db: Db,
  dagId: DagId,
  gate: Gate,
): Promise<Forgotten & { readonly queued: Gate['queued'] }> {
  const all = { ...gate, queued: await recall(db, dagId, gate, null) };
  const { pending, met } = indexOf(all);
  const left = indexOf(aged(all)).met;
  const oldestFirst = [...pending].filter(([key]) => met.has(key)).toSorted(byAge);
  const alive = oldestFirst.filter(([key]) => left.has(key));
  // These are recalled to be written down as expired; they take no slot.
  const tooOld = oldestFirst.filter(([key]) => !left.has(key));
  const first = new Set(
    [...alive.slice(0, keysAtOnce), ...tooOld.slice(0, tooOldAtOnce)].map(([key]) => key),
  );
  const next = oldestFirst.find(([key]) => !first.has(key));
  const queued = Object.entries<Queued>(all.queued).filter(([leaf]) => first.has(keyOf(leaf as LeafId)));
  return {
    queued: Object.fromEntries(queued),
    ...(next === undefined ? { hasMet: false } : { hasMet: true, metFrom: next[1].firstSeq }),
  };
}
