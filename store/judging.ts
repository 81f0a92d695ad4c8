import { sql } from 'kysely';
import { maxBatchDeliveries, type Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import { type Judge, judgeOf } from '../core/judge.ts';
import { leafOfSubscription, withoutKey } from '../core/leaves.ts';
import { readDefinition } from './claim.ts';
import type { Db } from './database.ts';
import { ofSubscription, recordedOf } from './events-of-subscription.ts';
import { factsOf, type RecordedFacts } from './facts.ts';

/** Positions looked at in one statement. */
const windowSeqs = 50_000;
/** Events judged at a time: those of the largest batch. */
const maxEvents = maxBatchDeliveries;
/** Most partition keys that the events of one batch may become together for one consumer: above, the rest of them is refused. */
const maxKeysOfBatch = 100_000;

interface Recorded extends RecordedFacts {
  readonly seq: Seq;
  readonly batch_end: Seq;
  readonly subscription: number;
}

interface Window {
  readonly judged: Seq;
  readonly head: Seq;
  readonly version: number;
  /** Where the next definition comes into force. */
  readonly change: Seq | null;
  readonly events: readonly Recorded[];
}

/** What came of judging: rows to write. */
interface Written {
  readonly accepted: {
    subscription: number;
    key: string;
    seq: Seq;
    leaves: string[];
    part: string | null;
    needs: number | null;
  }[];
  readonly refused: { subscription: number; seq: Seq; reason: string }[];
}

/**
 * Judges what was recorded since for a consumer that looks into events, each event by the definition in force at its position. Whoever does it
 * writes the same, so several may.
 * @returns whether there was something to judge
 */
export async function judgeAhead(db: Db, dagId: DagId): Promise<boolean> {
  let known: { readonly version: number; readonly judge: Judge } | undefined;
  for (let isFirst = true; ; isFirst = false) {
    const window = await readWindow(db, dagId);
    if (window === undefined || window.judged >= window.head) return !isFirst;
    if (known?.version !== window.version) {
      const definition = await readDefinition(db, dagId, window.version);
      known = { version: window.version, judge: judgeOf(definition) };
    }
    const upTo = judgedUpTo(window);
    const events = window.events.filter(({ seq }) => seq <= upTo);
    await write(db, dagId, judged(events, known.judge), upTo);
  }
}

async function readWindow(db: Db, dagId: DagId): Promise<Window | undefined> {
  const { rows } = await sql<Window>`
    with at as (
      select c.judged, log.head, coalesce((
        select max(version) from dag_version v where v.dag_id = c.dag_id and v.seq <= c.judged
      ), 1) as version, (
        select min(v.seq) from dag_version v where v.dag_id = c.dag_id and v.seq > c.judged and v.seq <= log.head
      ) as change
      from consumer c, log where c.dag_id = ${dagId} and c.judged is not null
    )
    select at.*, (
      select coalesce(json_agg(ahead order by seq), '[]') from (
        select e.seq, e.batch_end, s.id as subscription, e.extra, e.partition_key, e.source_dag_id, e.source_run_id, e.source_task_id
        from subscription s cross join lateral ${recordedOf(ofSubscription, {
          after: sql`greatest(at.judged, s.judged_after)`,
          upTo: sql`least(at.head, at.judged + ${windowSeqs}, s.until_seq, at.change)`,
          limit: sql`${maxEvents + 1}`,
        })} e
        where s.dag_id = ${dagId} order by e.seq limit ${maxEvents + 1}
      ) ahead
    ) as events
    from at`.execute(db);
  return rows[0];
}

/** Whole batches only; a definition ends at the position of the next one. */
function judgedUpTo({ judged: from, head, change, events }: Window): Seq {
  const end = Math.min(head, from + windowSeqs, change ?? head);
  const beyond = events[maxEvents];
  const readTo = beyond === undefined ? end : beyond.seq - 1;
  const cut = events.find(({ batch_end: batchEnd }) => batchEnd > readTo);
  return cut === undefined ? readTo : cut.seq - 1;
}

function judged(events: readonly Recorded[], judge: Judge): Written {
  const written: Written = { accepted: [], refused: [] };
  let batch = { end: 0, keys: 0 };
  for (const event of events) {
    const { seq, subscription } = event;
    if (event.batch_end !== batch.end) batch = { end: event.batch_end, keys: 0 };
    const judgement = judge(leafOfSubscription(subscription), factsOf(event));
    if (judgement.kind === 'refused') written.refused.push({ subscription, seq, reason: judgement.reason });
    if (judgement.kind !== 'accepted') continue;
    batch.keys += judgement.keys.length;
    if (batch.keys > maxKeysOfBatch) {
      const reason = `the events recorded with it become more than ${maxKeysOfBatch} partition keys, which are allowed`;
      written.refused.push({ subscription, seq, reason });
      continue;
    }
    for (const { key, leaves, window } of judgement.keys) {
      written.accepted.push({
        ...{ subscription, seq, key: key ?? '', leaves: leaves.map(withoutKey) },
        ...{ part: window?.part ?? null, needs: window?.needs ?? null },
      });
    }
  }
  return written;
}

async function write(db: Db, dagId: DagId, { accepted, refused }: Written, upTo: Seq): Promise<void> {
  await sql`
    with accepted as (
      insert into accepted_event (subscription_id, key, seq, leaves, part, needs)
      select subscription, key, seq, leaves, part, needs from json_to_recordset(${JSON.stringify(accepted)}::json)
        as a (subscription int, key text, seq bigint, leaves text[], part text, needs int)
      on conflict do nothing
    ), refused as (
      insert into refused_event (subscription_id, seq, reason)
      select subscription, seq, reason from json_to_recordset(${JSON.stringify(refused)}::json)
        as r (subscription int, seq bigint, reason text)
      on conflict do nothing
    )
    update consumer set judged = greatest(judged, ${upTo}::bigint) where dag_id = ${dagId}`.execute(db);
}
