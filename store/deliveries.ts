import { sql } from 'kysely';
import { maxBatchDeliveries, type Seq } from '../core/asset-event.ts';
import type { Delivery } from '../core/batch.ts';
import { leafOfSubscription } from '../core/leaves.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';

/** What one consumer has not been sent yet, complete up to `upTo` as of one statement. */
export interface Undelivered {
  readonly log: string;
  readonly epoch: number;
  /** Definition in force at the position everything was sent up to. */
  readonly version: number;
  /** Everything up to here was sent. */
  readonly sent: Seq;
  readonly upTo: Seq;
  readonly head: Seq;
  /** In log order; whole batches only. */
  readonly deliveries: readonly Delivery[];
  /** A definition that comes into force right behind `upTo`. */
  readonly change: { readonly version: number; readonly seq: Seq } | null;
}

/** Positions looked at in one statement, so that a long backlog is read in pieces; well above the largest batch. */
const windowSeqs = 50_000;
/** Deliveries read in one statement: those of the largest batch, so that a piece always ends between two of them. */
const maxDeliveries = maxBatchDeliveries;

/** How far one life of a consumer was looked through. The next life is sent everything again. */
export interface LookedThrough {
  readonly epoch: number;
  readonly upTo: Seq;
}

const nothing: LookedThrough = { epoch: 0, upTo: 0 };

type Row = {
  readonly log: string;
  readonly head: Seq;
  readonly epoch: number;
  readonly version: number;
  readonly sent: Seq;
  readonly start: Seq;
  readonly change_seq: Seq | null;
  readonly change_version: number | null;
  readonly deliveries: readonly (readonly [Seq, Seq, number, number])[];
};

/**
 * Reads what follows what was sent, or was looked through since, up to the end of a batch.
 * @returns `undefined` when the DAG has no consumer
 */
export async function readUndelivered(
  db: Db,
  dagId: DagId,
  { epoch, upTo }: LookedThrough = nothing,
): Promise<Undelivered | undefined> {
  const { rows } = await sql<Row>`
    with looked as (
      select log.id as log, log.head, consumer.epoch, consumer.sent,
        greatest(consumer.sent, case when consumer.epoch = ${epoch} then ${upTo}::bigint end) as start,
        (select max(version) from dag_version v where v.dag_id = consumer.dag_id and v.seq <= consumer.sent) as version
      from consumer, log where consumer.dag_id = ${dagId}
    ), at as (
      -- From the first event that is for this consumer: what others recorded before it is passed over in one step.
      select log, head, epoch, sent, version, coalesce((
        select min(first.seq) - 1 from subscription s cross join lateral ${eventsOf(ofSubscription, {
          after: sql`greatest(looked.start, s.live_after_seq)`,
          upTo: sql`least(looked.head, s.until_seq)`,
          limit: sql`1`,
        })} first where s.dag_id = ${dagId}
      ), head) as start
      from looked
    ), change as (
      select v.seq as change_seq, v.version as change_version from at, dag_version v
      where v.dag_id = ${dagId} and v.seq > at.sent and v.seq <= at.head order by v.seq limit 1
    ), ahead as (
      select e.seq, e.batch_end, s.id as subscription, (extract(epoch from e.recorded_at) * 1000)::bigint as at
      from at left join change on true
      join subscription s on s.dag_id = ${dagId}
      cross join lateral ${eventsOf(ofSubscription, {
        after: sql`greatest(at.start, s.live_after_seq)`,
        upTo: sql`least(at.head, at.start + ${windowSeqs}, s.until_seq, change_seq)`,
        limit: sql`${maxDeliveries + 1}`,
      })} e
      order by e.seq limit ${maxDeliveries + 1}
    )
    select at.log, at.head, at.epoch, at.sent, at.start, at.version, change_seq, change_version,
      (select coalesce(json_agg(json_build_array(seq, batch_end, subscription, ahead.at) order by seq), '[]') from ahead) as deliveries
    from at left join change on true`.execute(db);
  const row = rows[0];
  return row && fromRow(row);
}

function fromRow(row: Row): Undelivered {
  const { log, head, epoch, version, sent, start, change_seq, change_version } = row;
  const read = row.deliveries.map(([seq, batchEnd, subscription, at]): Delivery => {
    return { seq, batchEnd, leaf: leafOfSubscription(subscription), at };
  });
  const end = Math.min(head, start + windowSeqs, change_seq === null ? head : change_seq - 1);
  // What was read ends at the window or at the limit; a batch that goes on behind that comes whole with the next piece.
  const readTo = Math.min(end, read[maxDeliveries] === undefined ? end : read[maxDeliveries].seq - 1);
  const cut = read.find(({ batchEnd }) => batchEnd > readTo);
  const upTo = cut === undefined ? readTo : cut.seq - 1;
  const isChangeNext = change_seq !== null && change_version !== null && upTo === change_seq - 1;
  return {
    ...{ log, head, epoch, version, sent, upTo },
    deliveries: read.filter(({ seq }) => seq <= upTo),
    change: isChangeNext ? { version: change_version, seq: change_seq } : null,
  };
}

/** Notes that everything up to `upTo` was sent, unless the consumer has begun anew since. */
export async function markSent(db: Db, dagId: DagId, epoch: number, upTo: Seq): Promise<void> {
  await db
    .updateTable('consumer')
    .set({ sent: sql`greatest(sent, ${upTo}::bigint)` })
    .where('dag_id', '=', dagId)
    .where('epoch', '=', epoch)
    .execute();
}

/** Consumers that have something after what they were sent, so that a sweep can send it. */
export async function findUndelivered(db: Db): Promise<readonly DagId[]> {
  const { rows } = await sql<{ dag_id: DagId }>`
    select c.dag_id from consumer c
    where exists (select from dag_version v where v.dag_id = c.dag_id and v.seq > c.sent)
      or exists (
        select from subscription s cross join lateral ${eventsOf(ofSubscription, {
          after: sql`greatest(s.live_after_seq, c.sent)`,
          upTo: sql`s.until_seq`,
          limit: sql`1`,
        })} e
        where s.dag_id = c.dag_id and coalesce(s.until_seq, c.sent + 1) > c.sent
      )`.execute(db);
  return rows.map(({ dag_id }) => dag_id);
}
