import { sql } from 'kysely';
import type { Entry } from '../core/batch.ts';
import { leafOfSubscription } from '../core/leaves.ts';
import type { Consumer } from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate } from '../core/gate.ts';
import { count } from '../core/gate-count.ts';
import { redefine } from '../core/gate-terms.ts';
import type { Seq } from '../core/asset-event.ts';
import type { DagId } from '../core/ids.ts';
import { openRunsOf, readDefinition } from './claim.ts';
import type { Db } from './database.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { readLog, type Tx } from './log.ts';

/** A consumer as the log has it, whether or not any worker is alive. */
export interface CurrentConsumer {
  readonly consumer: Consumer;
  readonly definition: Definition;
}

/**
 * The gate of a consumer: its checkpoint and everything recorded since, counted by the core.
 * @returns `undefined` when the DAG was never deployed
 */
export async function readConsumer(db: Db, dagId: DagId): Promise<CurrentConsumer | undefined> {
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
      const { head } = await readLog(tx);
      const definition = await readDefinition(tx, dagId, version);
      const entries = await readEntries(tx, dagId, gate, head);
      // What is ignored was not read.
      const { ignored: _, ...counting } = gate;
      const counted = entries.length === 0 ? gate : count(counting, { lastSeq: head, entries });
      const { admitted, waiting } = await openRunsOf(tx, dagId, 1);
      const consumer: Consumer = {
        // A definition that its workflow has yet to hear of is in force all the same.
        gate: redefine(counted, definition, head).gate,
        isPaused: row.is_paused,
        maxActiveRuns: definition.maxActiveRuns,
        requestedRunsConsume: definition.requestedRunsConsume,
        activeRuns: admitted.map(({ run_id }) => run_id),
        hasRequests: waiting.length > 0,
      };
      return { consumer, definition };
    });
}

async function readEntries(
  tx: Tx,
  dagId: DagId,
  { watermark: after, ignored = [] }: Gate,
  upTo: Seq,
): Promise<readonly Entry[]> {
  const { rows } = await sql<Omit<Entry, 'leaf'> & { readonly subscription: number }>`
    select s.id as subscription, count(*) as count, min(e.seq) as "firstSeq", max(e.seq) as "lastSeq",
      (extract(epoch from min(e.recorded_at)) * 1000)::bigint as "firstAt",
      (extract(epoch from max(e.recorded_at)) * 1000)::bigint as "lastAt"
    from subscription s cross join lateral ${eventsOf(ofSubscription, {
      after: sql`greatest(s.live_after_seq, ${after}::bigint)`,
      upTo: sql`${upTo}::bigint`,
    })} e
    where s.dag_id = ${dagId} and s.until_seq is null and not exists (
      select from unnest(${ignored.map((one) => one.after)}::bigint[], ${ignored.map((one) => one.upTo)}::bigint[])
        as stretch (after_seq, upto_seq) where e.seq > stretch.after_seq and (upto_seq is null or e.seq <= upto_seq)
    )
    group by s.id`.execute(tx);
  return rows.map(({ subscription, ...rest }) => ({ leaf: leafOfSubscription(subscription), ...rest }));
}
