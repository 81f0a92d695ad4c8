import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import { type Delivery, toBatches } from '../core/batch.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate, Queued } from '../core/gate.ts';
import { count } from '../core/gate-count.ts';
import { emptyGate, redefine } from '../core/gate-terms.ts';
import { withMetAt } from '../core/gate-time.ts';
import { judgeOf, metLeaves } from '../core/judge.ts';
import { baseOf, keyOf, type LeafId, leafOfSubscription, subscriptionOf } from '../core/leaves.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { factsOf, type RecordedFacts } from './facts.ts';
import type { Tx } from './log.ts';

/** Events read in one statement. */
const pageSize = 10_000;

/** Which of the queued events of a subscription to count. */
interface Recounting {
  /** The leaf of the subscription, with its key. */
  readonly base: LeafId;
  readonly queued: Queued;
  /** Leaves out what was recorded before. */
  readonly notBefore?: number;
}

interface Row extends RecordedFacts {
  readonly seq: Seq;
  readonly batch_end: Seq;
  readonly at: number;
}

/**
 * Counts queued events anew, leaf by leaf, as a definition has them: what a gate only counts cannot say which of it is older than a time, or meets a
 * leaf that was not there before. What pauses ignored is left out.
 */
export async function recount(
  tx: Tx,
  definition: Definition,
  { ignored = [] }: Gate,
  wishes: readonly Recounting[],
): Promise<Gate['queued']> {
  const judge = judgeOf(definition);
  const queued: Record<LeafId, Queued> = {};
  for (const { base, queued: before, notBefore = 0 } of wishes) {
    const deliveries: Delivery[] = [];
    for (let after = before.firstSeq - 1; ;) {
      const page = await readPage(tx, base, { after, upTo: before.lastSeq, ignored });
      for (const row of page.filter(({ at }) => at >= notBefore)) {
        const judgement = judge(leafOfSubscription(subscriptionOf(base)), factsOf(row));
        const own =
          judgement.kind === 'accepted' ? judgement.keys.filter(({ key }) => key === keyOf(base)) : [];
        // It is queued, whatever else it meets now.
        const met = own.length === 0 ? [{ leaf: base }] : own.flatMap(metLeaves);
        deliveries.push(
          ...met.map((leaf) => ({ seq: row.seq, batchEnd: row.batch_end, at: row.at, ...leaf })),
        );
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) break;
      after = last.seq;
    }
    const counted = toBatches(deliveries).reduce(count, emptyGate({ condition: definition.condition }, 0));
    Object.assign(queued, counted.queued);
  }
  return queued;
}

async function readPage(
  tx: Tx,
  base: LeafId,
  {
    after,
    upTo,
    ignored,
  }: { readonly after: Seq; readonly upTo: Seq; readonly ignored: NonNullable<Gate['ignored']> },
): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select e.seq, e.batch_end, (extract(epoch from e.recorded_at) * 1000)::bigint as at, e.extra, e.partition_key,
      e.source_dag_id, e.source_run_id, e.source_task_id
    from subscription s cross join lateral ${eventsOf(ofSubscription, {
      after: sql`${after}::bigint`,
      upTo: sql`${upTo}::bigint`,
      key: sql`${keyOf(base) ?? ''}`,
      limit: sql`${pageSize}`,
    })} e
    where s.id = ${subscriptionOf(base)} and not exists (
      select from (
        select c.after_seq, c.upto_seq from consumption c
        where c.subscription_id = s.id and c.key = '' and c.outcome = 'ignored' and c.upto_seq >= e.seq
        union all select * from unnest(
          ${ignored.map((one) => one.after)}::bigint[], ${ignored.map((one) => one.upTo)}::bigint[]
        )
      ) as stretch (after_seq, upto_seq) where e.seq > stretch.after_seq and (upto_seq is null or e.seq <= upto_seq)
    ) order by e.seq limit ${pageSize}`.execute(tx);
  return rows;
}

/** Puts a definition in force, and counts what is queued under the leaves that it asks for anew. */
export async function redefineQueued(tx: Tx, definition: Definition, gate: Gate, at: Seq) {
  const redefined = redefine(gate, definition, at);
  const { uncounted } = redefined;
  if (uncounted.length === 0) return redefined;
  const bases = [...new Set(uncounted.map(baseOf))];
  const wishes = bases.flatMap((base) => {
    const queued = redefined.gate.queued[base];
    return queued === undefined ? [] : [{ base, queued }];
  });
  const counted = await recount(tx, definition, gate, wishes);
  const added = Object.entries<Queued>(counted).filter(([leaf]) => uncounted.some((one) => one === leaf));
  const queued = { ...redefined.gate.queued, ...Object.fromEntries(added) };
  return { ...redefined, gate: withMetAt({ ...redefined.gate, queued }) };
}
