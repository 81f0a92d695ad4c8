import { sql } from 'kysely';
import type { Batch, Entry } from '../core/batch.ts';
import type { Consumer } from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import { holdGate } from '../core/flights.ts';
import type { Gate } from '../core/gate.ts';
import { countUntilMet } from '../core/gate-count.ts';
import { recalled } from '../core/pending-keys.ts';
import { passTime } from '../core/gate-time.ts';
import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import { slotOf } from '../core/slot.ts';
import { flightsOf, openRunsOf, readDefinition } from './claim.ts';
import type { Db } from './database.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { findHeldBack } from './held-back.ts';
import { stretchesOf } from './ignored.ts';
import { judgeAhead } from './judging.ts';
import { readLog, type Tx } from './log.ts';
import { queuedColumns, queuedFrom, type QueuedSummary } from './queued-row.ts';
import { recall } from './recall.ts';
import { redefineQueued, withoutTooOld } from './recount.ts';
import { readOwed } from './ticks.ts';

/** A consumer as the log has it, whether or not any worker is alive. */
export interface CurrentConsumer {
  readonly consumer: Consumer;
  readonly definition: Definition;
  /** What to say of events whose partition key it did not take: sentences. */
  readonly refusals: readonly string[];
}

/**
 * The gate of a consumer: its checkpoint and everything recorded since, counted by the core.
 * @returns `undefined` when the DAG was never deployed
 */
export async function readConsumer(db: Db, dagId: DagId): Promise<CurrentConsumer | undefined> {
  // Where no dispatcher is alive to do it.
  await judgeAhead(db, dagId);
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const row = await tx
        .selectFrom('consumer')
        .innerJoin('dag', 'dag.dag_id', 'consumer.dag_id')
        .select(['checkpoint', 'is_paused', 'dag.version'])
        .where('dag.dag_id', '=', dagId)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { checkpoint, version } = row;
      const { gate } = checkpoint;
      const { head, at } = await readLog(tx);
      const definition = await readDefinition(tx, dagId, version);
      const batches = await readBatches(tx, dagId, gate, head);
      // What is ignored was not read.
      const forgotten = gate.forgotten === undefined ? {} : await recall(tx, dagId, gate, null);
      const { ignored: _, ...counting } = gate.forgotten === undefined ? gate : recalled(gate, forgotten);
      const { gate: counted } = countUntilMet(counting, batches, () => false);
      const { ticksWait, singleFlight } = definition;
      const { admitted, waiting } = await openRunsOf(tx, dagId, 1, {
        which: ticksWait ? 'others' : undefined,
        isSingle: singleFlight !== undefined,
      });
      // A definition that its workflow has yet to hear of is in force all the same.
      const inForce = passTime((await redefineQueued(tx, definition, counted, head)).gate, at);
      const consumer: Consumer = {
        gate: await withoutTooOld(tx, definition, inForce),
        isPaused: row.is_paused,
        maxActiveRuns: definition.maxActiveRuns,
        requestedRunsConsume: definition.requestedRunsConsume,
        activeRuns: admitted.map(({ run_id, attempt }) => slotOf(run_id, attempt)),
        hasRequests: waiting.length > 0,
        ...(ticksWait ? { ticksWait, owed: await readOwed(tx, dagId) } : {}),
        ...(singleFlight === undefined ? {} : await readFlights(tx, dagId, definition, admitted)),
      };
      return { consumer: holdGate(consumer), definition, refusals: await readRefusals(tx, dagId) };
    });
}

/** Which keys are held, and what waits for them. */
async function readFlights(
  tx: Tx,
  dagId: DagId,
  { singleFlight, ticksWait }: Definition,
  admitted: Parameters<typeof flightsOf>[1],
): Promise<Pick<Consumer, 'singleFlight' | 'flights' | 'heldBack'>> {
  const others = await findHeldBack(tx, dagId, ticksWait ? 'others' : undefined);
  const ticks = ticksWait ? await findHeldBack(tx, dagId, 'ticks') : null;
  const heldBack = { ...(others !== null && { others }), ...(ticks !== null && { ticks }) };
  return { ...(singleFlight && { singleFlight }), ...flightsOf(true, admitted), heldBack };
}

/** The last of them; there may be many. */
async function readRefusals(tx: Tx, dagId: DagId): Promise<readonly string[]> {
  const { rows } = await sql<{ seq: Seq; reason: string }>`
    select r.seq, r.reason from subscription s cross join lateral (
      select seq, reason from refused_event where subscription_id = s.id order by seq desc limit 1
    ) r where s.dag_id = ${dagId} and s.until_seq is null order by r.seq desc limit 1`.execute(tx);
  return rows.map(({ seq, reason }) => `Event ${seq} started nothing: ${reason}.`);
}

/** What was recorded since, as one batch; batch by batch where time decides anything. */
async function readBatches(tx: Tx, dagId: DagId, gate: Gate, upTo: Seq): Promise<readonly Batch[]> {
  const { watermark: after, at: time } = gate;
  const batchOf = time === undefined ? sql`${upTo}::bigint` : sql`e.batch_end`;
  const { rows } = await sql<QueuedSummary & { readonly batch: Seq }>`
    select ${batchOf} as batch, leaf, e.key, ${queuedColumns('e')}
    from subscription s cross join lateral ${eventsOf(ofSubscription, {
      after: sql`greatest(s.live_after_seq, ${after}::bigint)`,
      upTo: sql`${upTo}::bigint`,
      isPerKey: true,
    })} e cross join lateral unnest(coalesce(e.leaves, array[s.id::text])) as leaf
    where s.dag_id = ${dagId} and s.until_seq is null and not exists (
      select from (${stretchesOf(gate)}) as stretch (after_seq, upto_seq)
      where e.seq > stretch.after_seq and (upto_seq is null or e.seq <= upto_seq)
    )
    group by 1, s.id, leaf, e.key order by 1`.execute(tx);
  const batches = new Map<Seq, Entry[]>();
  for (const row of rows) {
    const [leaf, queued] = queuedFrom(row);
    batches.set(row.batch, [...(batches.get(row.batch) ?? []), { leaf, ...queued }]);
  }
  return [...batches].map(([lastSeq, entries]) => ({ lastSeq, entries }));
}
