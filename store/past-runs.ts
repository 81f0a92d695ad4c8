import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { PastStep } from '../core/backtest.ts';
import type { Definition } from '../core/definition.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { baseOf, withoutKey } from '../core/leaves.ts';
import type { Taken } from '../core/gate.ts';
import type { Db } from './database.ts';
import { missingOf } from './deadlines.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { firstAttempts } from './first-attempt.ts';
import type { RunTrigger } from './run-tables.ts';
import { ticksOf } from './ticks.ts';

/** A stretch of time, in epoch milliseconds: behind `since`, up to and with `until`. */
export interface Period {
  readonly since: number;
  readonly until: number;
}

/** A run that took events, or that a time of its schedule started in their stead. */
export interface PastRun {
  readonly run_id: RunId;
  readonly trigger: RunTrigger;
  readonly at: Date;
  readonly ended_at: Date | null;
  readonly partition_key: string | null;
  readonly consumed_event_count: number;
  readonly ticks: readonly number[];
  readonly missing: readonly string[];
  /** The first of what it consumed. */
  readonly events: readonly { readonly id: Seq; readonly name: string }[];
}

/** Most events that are listed of one run. */
export const maxListedEvents = 20;

const inPeriod = (column: string, { since, until }: Period) =>
  sql<boolean>`${sql.ref(column)} > ${new Date(since)}::timestamptz and ${sql.ref(column)} <= ${new Date(until)}::timestamptz`;

/** Runs that the schedule of a DAG started in a period, in the order in which they began; at most `limit`. */
export async function readPastRuns(
  db: Db,
  dagId: DagId,
  period: Period,
  limit: number,
): Promise<readonly PastRun[]> {
  const { rows } = await sql<PastRun>`
    select r.run_id, r.trigger, r.admitted_at as at, r.ended_at, r.partition_key, c.consumed_event_count,
      ${ticksOf('r')} as ticks, ${missingOf('r')} as missing, (
        select coalesce(json_agg(json_build_object('id', listed.seq, 'name', listed.name) order by listed.seq), '[]') from (
          select distinct e.seq, a.name from consumption c join subscription s on s.id = c.subscription_id
          cross join lateral ${eventsOf(ofSubscription, {
            after: sql`c.after_seq`,
            upTo: sql`c.upto_seq`,
            key: sql`c.key`,
            limit: sql`${maxListedEvents}`,
          })} e join asset a on a.id = e.asset_id
          where c.dag_id = r.dag_id and c.run_id = r.run_id and c.outcome = 'consumed'
          order by e.seq limit ${maxListedEvents}
        ) listed
      ) as events
    from ${firstAttempts} r cross join lateral (
      select coalesce(sum(c.count), 0)::bigint as consumed_event_count from consumption c
      where c.dag_id = r.dag_id and c.run_id = r.run_id and c.outcome = 'consumed'
    ) c
    where r.dag_id = ${dagId} and ${inPeriod('r.admitted_at', period)}
      and (r.trigger = 'asset' or c.consumed_event_count > 0 or exists (
        select from deadline d where d.dag_id = r.dag_id and d.run_id = r.run_id
      ))
    order by r.admitted_at, r.number limit ${limit}`.execute(db);
  return rows;
}

/** What is known of a DAG's past beside its events, each in order of time. */
export interface PastFacts {
  /** Runs by hand and by time, and those that were active when the period began. */
  readonly steps: readonly PastStep[];
  readonly wasPaused: boolean;
  /** Definitions that came into force in the period. */
  readonly changes: number;
  /** How long runs took, in the middle; `null` where none ended. */
  readonly typicalMs: number | null;
}

/**
 * Reads what held back or started runs of a DAG beside its events. Runs that its schedule starts are left out: those that are played stand
 * for them.
 */
export async function readPastFacts(
  db: Db,
  dagId: DagId,
  {
    period,
    definition,
    limit,
  }: { readonly period: Period; readonly definition: Definition; readonly limit: number },
): Promise<PastFacts> {
  const since = sql`${new Date(period.since)}::timestamptz`;
  const until = sql`${new Date(period.until)}::timestamptz`;
  const { rows: requests } = await sql<{ at: Date; run_id: RunId; ended_at: Date | null }>`
    select greatest(case when r.admitted_at <= ${since} then ${since} end, r.queued_at, ${since}) as at, r.run_id, r.ended_at
    from ${firstAttempts} r
    where r.dag_id = ${dagId} and r.queued_at <= ${until} and (r.ended_at is null or r.ended_at > ${since}) and (
      r.admitted_at <= ${since} or (
        r.trigger = 'manual' or (r.trigger = 'scheduled' and not ${definition.ticksWait === true} and not exists (
          select from deadline d where d.dag_id = r.dag_id and d.run_id = r.run_id
        ))
      )
    ) order by r.number limit ${limit}`.execute(db);
  const { rows: steps } = await sql<{ kind: string; at: Date; taken: readonly Taken[] | null }>`
    select kind, at, detail -> 'taken' as taken from consumer_step
    where dag_id = ${dagId} and kind in ('paused', 'resumed', 'cleared') and ${inPeriod('at', period)}
    order by epoch, step limit ${limit}`.execute(db);
  const { rows: times } = await sql<{ kind: 'tick' | 'deadline'; at: Date }>`
    select 'tick' as kind, nominal_at as at from run_tick t
    where t.dag_id = ${dagId} and ${definition.ticksWait === true} and nominal_at <= ${until} and (
      nominal_at > ${since} or exists (
        select from ${firstAttempts} r where r.dag_id = t.dag_id and r.run_id = t.run_id and coalesce(r.admitted_at, 'infinity') > ${since}
      )
    )
    union all select 'deadline', due_at from deadline
    where dag_id = ${dagId} and ${definition.deadline !== undefined} and ${inPeriod('due_at', period)}
    order by at limit ${limit}`.execute(db);
  const { rows: state } = await sql<{ kind: string | null; changes: number; typical: number | null }>`
    select (
      select kind from consumer_step where dag_id = ${dagId} and kind in ('paused', 'resumed') and at <= ${since}
      order by epoch desc, step desc limit 1
    ) as kind, (
      select count(*)::int from dag_version where dag_id = ${dagId} and ${inPeriod('created_at', period)}
    ) as changes, (
      select (extract(epoch from percentile_cont(0.5) within group (order by ended_at - admitted_at)) * 1000)::bigint from run
      where dag_id = ${dagId} and ${inPeriod('ended_at', period)} and admitted_at is not null
    ) as typical`.execute(db);
  const past: readonly PastStep[] = [
    ...requests.map(({ at, run_id: runId, ended_at }): PastStep => ({
      kind: 'request',
      at: at.getTime(),
      runId,
      endedAt: ended_at?.getTime() ?? null,
    })),
    ...steps.flatMap(({ kind, at, taken }): readonly PastStep[] => {
      if (kind === 'paused') return [{ kind: 'pause', at: at.getTime() }];
      if (kind === 'resumed') return [{ kind: 'unpause', at: at.getTime() }];
      // Of what the DAG does not consume any more nothing is played.
      const own = (taken ?? []).flatMap(({ leaf }) => definition.assets[withoutKey(baseOf(leaf))] ?? []);
      const names = new Set(own.map(({ name }) => name));
      return [...names].map((name) => ({ kind: 'clear', at: at.getTime(), name }));
    }),
    ...times.map(({ kind, at }) => ({ kind, at: Math.max(at.getTime(), period.since) })),
  ];
  const [then] = state;
  return {
    steps: past.toSorted((a, b) => a.at - b.at),
    ...{ wasPaused: then?.kind === 'paused', changes: then?.changes ?? 0, typicalMs: then?.typical ?? null },
  };
}

/** When runs of a DAG ended, those of them that ended behind a time or are open. */
export async function readEnds(
  db: Db,
  dagId: DagId,
  since: number,
  limit: number,
): Promise<ReadonlyMap<string, number | null>> {
  const { rows } = await sql<{ run_id: RunId; ended_at: Date | null }>`
    select r.run_id, r.ended_at from ${firstAttempts} r
    where r.dag_id = ${dagId} and (r.ended_at is null or r.ended_at > ${new Date(since)}::timestamptz)
    order by r.number limit ${limit}`.execute(db);
  return new Map(rows.map(({ run_id, ended_at }) => [run_id, ended_at?.getTime() ?? null]));
}
