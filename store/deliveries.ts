import { sql } from 'kysely';
import { maxBatchDeliveries, type Seq } from '../core/asset-event.ts';
import type { Delivery } from '../core/batch.ts';
import { type LeafId, leafOfSubscription, ofKey } from '../core/leaves.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { maxSeq } from './events-of-asset.ts';
import { keyFrom } from './queued-row.ts';
import { eventsOf, ofSubscription, recordedOf } from './events-of-subscription.ts';

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
  readonly isMixed: boolean;
  /** Whether its consumer looks into events, and has not into all of them: `head` is then as far as it has. */
  readonly isJudgedBehind: boolean;
  /** In log order; whole batches only. */
  readonly deliveries: readonly Delivery[];
  /** A definition that comes into force right behind `upTo`. */
  readonly change: { readonly version: number; readonly seq: Seq } | null;
}

/** Positions looked at in one statement, so that a long backlog is read in pieces; well above the largest batch. */
const windowSeqs = 50_000;
/** Deliveries read in one statement: those of the largest batch, so that a piece always ends between two of them. */
const maxDeliveries = maxBatchDeliveries;

/** How to read. */
interface Reading {
  readonly mostRows?: number;
  /** Whether the consumer waits for assets only and does not look into events: a guess, which the statement itself verifies. */
  readonly isPlain?: boolean;
}

/** How far one life of a consumer was looked through. The next life is sent everything again. */
export interface LookedThrough {
  readonly epoch: number;
  readonly upTo: Seq;
}

const nothing: LookedThrough = { epoch: 0, upTo: 0 };

type Row = {
  readonly log: string;
  readonly head: Seq;
  readonly is_behind: boolean;
  /** Whether the consumer waits for aliases, or looks into events. */
  readonly is_mixed: boolean;
  readonly epoch: number;
  readonly version: number;
  readonly sent: Seq;
  readonly start: Seq;
  readonly change_seq: Seq | null;
  readonly change_version: number | null;
  readonly deliveries: readonly DeliveryRow[];
};

/** What is to be delivered of an event: to the leaf of its subscription, or to those under which it was accepted. */
type DeliveryRow =
  | readonly [Seq, Seq, number, number]
  | readonly [Seq, Seq, number, number, readonly LeafId[], string, string | null, number | null];

/**
 * Reads what follows what was sent, or was looked through since, up to the end of a batch.
 * @returns `undefined` when the DAG has no consumer
 */
export async function readUndelivered(
  db: Db,
  dagId: DagId,
  { epoch, upTo }: LookedThrough = nothing,
  { mostRows = maxDeliveries, isPlain = true }: Reading = {},
): Promise<Undelivered | undefined> {
  const { rows } = await sql<Row>`
    with looked as (
      select log.id as log, least(log.head, consumer.judged) as head, coalesce(consumer.judged < log.head, false) as is_behind,
        consumer.epoch, consumer.sent,
        greatest(consumer.sent, case when consumer.epoch = ${epoch} then ${upTo}::bigint end) as start,
        (select max(version) from dag_version v where v.dag_id = consumer.dag_id and v.seq <= consumer.sent) as version
      from consumer, log where consumer.dag_id = ${dagId}
    ), at as (
      -- From the first event that is for this consumer: what others recorded before it is passed over in one step.
      select log, head, is_behind, epoch, sent, version, coalesce((
        select min(first.seq) - 1 from subscription s cross join lateral ${eventsOf(ofSubscription, {
          after: sql`greatest(looked.start, s.live_after_seq)`,
          upTo: sql`least(looked.head, s.until_seq)`,
          limit: sql`1`,
          isPlain,
        })} first where s.dag_id = ${dagId}
      ), head) as start
      from looked
    ), change as (
      select v.seq as change_seq, v.version as change_version from at, dag_version v
      where v.dag_id = ${dagId} and v.seq > at.sent and v.seq <= at.head order by v.seq limit 1
    ), ahead as (
      select e.seq, e.batch_end, s.id as subscription, (extract(epoch from e.recorded_at) * 1000)::bigint as at,
        e.leaves, e.key, e.part, e.needs
      from at left join change on true
      join subscription s on s.dag_id = ${dagId}
      cross join lateral ${eventsOf(ofSubscription, {
        after: sql`greatest(at.start, s.live_after_seq)`,
        upTo: sql`least(at.head, at.start + ${windowSeqs}, s.until_seq, change_seq)`,
        isPerKey: true,
        isPlain,
        limit: sql`${mostRows + 1}`,
      })} e
      order by e.seq limit ${mostRows + 1}
    )
    select at.log, at.head, at.is_behind, at.epoch, at.sent, at.start, at.version, change_seq, change_version, exists (
      select from subscription where dag_id = ${dagId} and (alias_id is not null or judged_after < ${maxSeq}::bigint)
    ) as is_mixed, (
      select coalesce(json_agg(
        case when leaves is null then json_build_array(seq, batch_end, subscription, ahead.at)
          else json_build_array(seq, batch_end, subscription, ahead.at, leaves, key, part, needs) end order by seq
      ), '[]') from ahead
    ) as deliveries
    from at left join change on true`.execute(db);
  const row = rows[0];
  if (row === undefined) return undefined;
  if (isPlain && row.is_mixed)
    return readUndelivered(db, dagId, { epoch, upTo }, { mostRows, isPlain: false });
  const undelivered = fromRow(row, mostRows);
  // A batch may be more, where one event stands for many partition keys.
  const isStuck = row.deliveries.length > mostRows && undelivered.upTo <= row.start;
  return isStuck
    ? readUndelivered(db, dagId, { epoch, upTo }, { mostRows: mostRows * 16, isPlain })
    : undelivered;
}

function deliveriesOf(row: DeliveryRow): readonly Delivery[] {
  const [seq, batchEnd, subscription, at] = row;
  if (row.length === 4) return [{ seq, batchEnd, leaf: leafOfSubscription(subscription), at }];
  const [, , , , leaves, key, part, needs] = row;
  const window = needs === null ? {} : { window: { needs, parts: part === null ? [] : [part] } };
  return leaves.map((leaf) => ({ seq, batchEnd, leaf: ofKey(leaf, keyFrom(key)), at, ...window }));
}

function fromRow(row: Row, mostRows: number): Undelivered {
  const { log, head, epoch, version, sent, start, change_seq, change_version } = row;
  const end = Math.min(head, start + windowSeqs, change_seq === null ? head : change_seq - 1);
  // What was read ends at the window or at the limit; a batch that goes on behind that comes whole with the next piece.
  const beyond = row.deliveries[mostRows];
  const readTo = Math.min(end, beyond === undefined ? end : beyond[0] - 1);
  const cut = row.deliveries.find(([, batchEnd]) => batchEnd > readTo);
  const upTo = cut === undefined ? readTo : cut[0] - 1;
  const isChangeNext = change_seq !== null && change_version !== null && upTo === change_seq - 1;
  return {
    ...{ log, head, epoch, version, sent, upTo, isJudgedBehind: row.is_behind, isMixed: row.is_mixed },
    deliveries: row.deliveries.filter(([seq]) => seq <= upTo).flatMap(deliveriesOf),
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
      ) or exists (
        select from subscription s cross join lateral ${recordedOf(ofSubscription, {
          after: sql`greatest(s.live_after_seq, c.judged)`,
          upTo: sql`s.until_seq`,
          limit: sql`1`,
        })} e
        where c.judged is not null and s.dag_id = c.dag_id and coalesce(s.until_seq, c.judged + 1) > c.judged
      )`.execute(db);
  return rows.map(({ dag_id }) => dag_id);
}
