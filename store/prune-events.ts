import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import { inLogOrder, isOfAsset, maxSeq } from './events-of-asset.ts';
import { ofSubscription, recordedOf } from './events-of-subscription.ts';
import { isPrunable } from './prune-runs.ts';
import { type Pruned, type PruneStep, rowsOf } from './pruning.ts';

/** Events looked at in one transaction. */
const eventsAtOnce = 1_000;
/** Intervals looked at in one transaction. */
const intervalsAtOnce = 2_000;

/** How long runs are kept, for what they consumed is kept with them. */
export interface PruneEvents extends PruneStep {
  /** Runs that ended before this go, too; absent where none does. */
  readonly runsBefore?: Date;
}

/**
 * Deletes old events with what they were to consumers. One stays while anybody has it queued or is still to be sent it, while a run is there
 * that consumed it, while a request may be repeated that recorded it or a later one, and while it is the newest of its asset.
 */
export async function pruneEvents(
  db: Db,
  { before, runsBefore, isDry, cursor: [after = 0] = [] }: PruneEvents,
): Promise<Pruned> {
  return db.transaction().execute(async (tx): Promise<Pruned> => {
    // A new consumer may begin with what is older than it, so none comes into being meanwhile.
    await lockDeploys(tx);
    const { rows } = await sql<
      { last: number | null } & Record<
        'asset_event' | 'asset_event_alias' | 'accepted_event' | 'refused_event',
        number
      >
    >`
      with page as materialized (
        select e.seq, e.asset_id, e.partition_key, e.recorded_at from asset_event e where e.seq > ${after}::bigint
        order by e.seq limit ${eventsAtOnce}
      ), aged as (
        select * from page o where ${isAged(before)}
      ), doomed as materialized (
        select o.seq, o.asset_id from aged o where ${isUnneeded(runsBefore)}
      ), heirs as (
        select d.seq, s.id from doomed d join subscription s on s.asset_id = d.asset_id
        union all select d.seq, s.id from doomed d join asset_event_alias x on x.seq = d.seq join subscription s on s.alias_id = x.alias_id
      ), accepted as (${ofHeirs(isDry, 'accepted_event')}),
      refused as (${ofHeirs(isDry, 'refused_event')}),
      passages as (${rowsOf(isDry, 'asset_event_alias', sql`t.seq = d.seq`)}),
      events as (${rowsOf(isDry, 'asset_event', sql`t.seq = d.seq`)}),
      noted as (
        update project set events_pruned = events_pruned + (select count(*) from events),
          events_pruned_upto = greatest(events_pruned_upto, (select max(seq) from doomed)),
          events_pruned_before = greatest(events_pruned_before, ${before}::timestamptz)
        where ${!isDry} and exists (select from doomed)
      )
      select (select count(*) from events) as asset_event, (select count(*) from passages) as asset_event_alias,
        (select count(*) from accepted) as accepted_event, (select count(*) from refused) as refused_event,
        case when (select count(*) from aged) = ${eventsAtOnce} then (select max(seq) from page) end as last`.execute(
      tx,
    );
    const [row] = rows;
    if (row === undefined) return { removed: {} };
    const { last, ...removed } = row;
    return { removed, ...(last === null ? {} : { next: [last] }) };
  });
}

/** Whether the event in table `o` is past its age, and no request that recorded it or a later one may be repeated. */
function isAged(before: Date): RawBuilder<boolean> {
  return sql`(
    o.recorded_at < ${before}::timestamptz
    and o.seq < coalesce((select seq from idempotency_key order by created_at limit 1), ${maxSeq}::bigint)
  )`;
}

/** Whether it is not the newest of its asset, and nobody needs it. */
function isUnneeded(runsBefore: Date | undefined): RawBuilder<boolean> {
  return sql`(
    o.seq < (select e.seq from asset_event e where ${isOfAsset(sql`o.asset_id`)} ${inLogOrder({ newestFirst: true })} limit 1)
    and not exists (${holdersOf(runsBefore)})
  )`;
}

/** Consumers that still need the event in table `o`, one row each. */
function holdersOf(runsBefore: Date | undefined): RawBuilder<unknown> {
  return sql`
    select from (
      select s.* from subscription s where s.asset_id = o.asset_id
      union all select s.* from asset_event_alias x join subscription s on s.alias_id = x.alias_id where x.seq = o.seq
    ) s join consumer c on c.dag_id = s.dag_id
    where o.seq > s.after_seq and o.seq <= coalesce(s.until_seq, o.seq) and (
      o.seq > (c.checkpoint -> 'gate' ->> 'watermark')::bigint or o.seq > c.judged or exists (
        select from (
          select '' as key where o.seq <= s.judged_after and o.partition_key is null
          union all select a.key from accepted_event a where a.subscription_id = s.id and a.seq = o.seq and o.seq > s.judged_after
        ) k
        left join lateral (${coveredBy(sql`k.key`)}) own on own.after_seq < o.seq
        left join lateral (${coveredBy(sql`''`)}) ignored on ignored.after_seq < o.seq and ignored.outcome = 'ignored'
        where case
          when own.outcome = 'consumed' then exists (
            select from run r where r.dag_id = s.dag_id and r.run_id = own.run_id and not ${wouldGo(runsBefore)}
          )
          -- What is older than the consumer is listed by its first run, or by none.
          when own.outcome is null and ignored.outcome is null then o.seq > s.live_after_seq or c.lists_history
          else false
        end
      )
    )`;
}

/** Whether the run in table `r` goes before the events do. */
function wouldGo(runsBefore: Date | undefined): RawBuilder<boolean> {
  return runsBefore === undefined ? sql`false` : isPrunable(sql`${runsBefore}::timestamptz`);
}

/** The first interval of a subscription and key that ends at the event or behind it. */
function coveredBy(key: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select i.after_seq, i.outcome, i.run_id from consumption i
    where i.subscription_id = s.id and i.key = ${key} and i.upto_seq >= o.seq order by i.upto_seq limit 1`;
}

function ofHeirs(isDry: boolean, table: 'accepted_event' | 'refused_event'): RawBuilder<unknown> {
  const belongs = sql`t.subscription_id = h.id and t.seq = h.seq`;
  return isDry
    ? sql`select 1 from ${sql.table(table)} t join heirs h on ${belongs}`
    : sql`delete from ${sql.table(table)} t using heirs h where ${belongs} returning 1`;
}

/** Deletes what became of events that are all gone, where the run that had them is gone, too. */
export async function pruneConsumption(
  db: Db,
  { before, runsBefore, isDry, cursor }: PruneEvents,
): Promise<Pruned> {
  // In a dry run what goes before is still there: it counts as gone.
  const isRunLeft = isDry ? sql`not ${wouldGo(runsBefore)}` : sql`true`;
  const isEventLeft = isDry
    ? sql<boolean>`not exists (
        select from (select e.seq, e.asset_id, e.partition_key, e.recorded_at) o
        where ${isAged(before)} and ${isUnneeded(runsBefore)}
      )`
    : sql<boolean>`true`;
  const left = recordedOf(ofSubscription, {
    ...{ after: sql`c.after_seq`, upTo: sql`c.upto_seq`, limit: sql`1` },
    ...{ ofAsset: isEventLeft, throughAlias: isEventLeft },
  });
  const [subscription, key, after] = cursor ?? [0, '', 0];
  const { rows } = await sql<{
    consumption: number;
    seen: number;
    place: { subscription_id: number; key: string; after_seq: number } | null;
  }>`
    with page as materialized (
      select c.* from consumption c
      where (c.subscription_id, c.key, c.after_seq) > (${subscription}::int, ${key}, ${after}::bigint)
      order by c.subscription_id, c.key, c.after_seq limit ${intervalsAtOnce}
    ), doomed as (
      select c.subscription_id, c.key, c.after_seq from page c join subscription s on s.id = c.subscription_id
      where c.at < ${before}::timestamptz
        and not exists (select from run r where r.dag_id = c.dag_id and r.run_id = c.run_id and ${isRunLeft})
        and not exists (select from ${left} e)
    ), gone as (
      ${rowsOf(isDry, 'consumption', sql`t.subscription_id = d.subscription_id and t.key = d.key and t.after_seq = d.after_seq`)}
    )
    select (select count(*) from gone) as consumption, (select count(*) from page) as seen, (
      select json_build_object('subscription_id', subscription_id, 'key', key, 'after_seq', after_seq) from page
      order by subscription_id desc, key desc, after_seq desc limit 1
    ) as place`.execute(db);
  const [row] = rows;
  if (row === undefined) return { removed: {} };
  const { consumption, seen, place } = row;
  const isLast = seen < intervalsAtOnce || place === null;
  return {
    removed: { consumption },
    ...(isLast ? {} : { next: [place.subscription_id, place.key, place.after_seq] }),
  };
}
