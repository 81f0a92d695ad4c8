import { sql } from 'kysely';
import { type DagId, runIdOfTick } from '../core/ids.ts';
import type { OwedTicks } from '../core/owed-ticks.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { insertRequest, type Requested, type RunRequest } from './requests.ts';
import { insertSkipped } from './skipped-requests.ts';

/** Lets one tick of a DAG be written at a time; the second number is its own. */
const tickLock = 7_401_002;

/** A time of a schedule, and the one before it; `null` where it is the first. */
export interface Tick {
  readonly nominalAt: number;
  readonly previousAt: number | null;
}

/**
 * Writes the run of a schedule's nominal time as queued. Where runs by time wait for assets and one does, the tick becomes part of that
 * one. A tick that is skipped, because a run of its key goes on, is written down as a run that failed with that reason. The same tick again
 * writes nothing.
 */
export async function requestTick(db: Db, dagId: DagId, { nominalAt, previousAt }: Tick): Promise<Requested> {
  return db.transaction().execute(async (tx): Promise<Requested> => {
    await sql`select pg_advisory_xact_lock(${tickLock}, hashtext(${dagId}))`.execute(tx);
    const at = new Date(nominalAt);
    // The first time of a schedule has none before it.
    const from = new Date(previousAt ?? nominalAt);
    if (await isKnown(tx, dagId, at)) return { kind: 'exists' };
    if (await joinWaiting(tx, dagId, { from, at })) return { kind: 'requested' };
    const runId = runIdOfTick(nominalAt);
    const request: RunRequest = {
      ...{ dagId, runId, trigger: 'scheduled', conf: '{}', note: null },
      ...{ logicalAt: at, dataIntervalStartAt: from, dataIntervalEndAt: at },
    };
    const requested = await insertRequest(tx, request);
    if (requested.kind === 'in flight') await insertSkipped(tx, request, requested);
    const owner = requested.kind === 'folded' ? requested.runId : runId;
    if (requested.kind === 'requested' || requested.kind === 'folded' || requested.kind === 'in flight')
      await tx.insertInto('run_tick').values({ dag_id: dagId, nominal_at: at, run_id: owner }).execute();
    return requested;
  });
}

async function isKnown(tx: Tx, dagId: DagId, at: Date): Promise<boolean> {
  const row = await tx
    .selectFrom('run_tick')
    .select('run_id')
    .where('dag_id', '=', dagId)
    .where('nominal_at', '=', at)
    .executeTakeFirst();
  return row !== undefined;
}

/** Adds a tick to the run that waits for assets, if the DAG's runs by time do and one is there. */
async function joinWaiting(
  tx: Tx,
  dagId: DagId,
  { from, at }: { readonly from: Date; readonly at: Date },
): Promise<boolean> {
  const { rows } = await sql`
    with joined as (
      update run set
        logical_at = least(logical_at, ${at}::timestamptz),
        data_interval_start_at = least(data_interval_start_at, ${from}::timestamptz),
        data_interval_end_at = greatest(data_interval_end_at, ${at}::timestamptz),
        is_owed = false
      where dag_id = ${dagId} and state = 'queued' and admitted_at is null and attempt = 1 and run_id = (
        select r.run_id from dag d
        join dag_version v on v.dag_id = d.dag_id and v.version = d.version
        join run r on r.dag_id = d.dag_id
        where d.dag_id = ${dagId} and d.retired_at is null and (v.plan -> 'ticksWait')::boolean
          and r.state = 'queued' and r.admitted_at is null and r.trigger = 'scheduled' and r.attempt = 1
        order by r.number limit 1
      )
      returning dag_id, run_id
    )
    insert into run_tick (dag_id, nominal_at, run_id) select dag_id, ${at}, run_id from joined returning run_id`.execute(
    tx,
  );
  return rows.length > 0;
}

/** Ticks that wait for assets, and notes that their consumer knows of them. */
export async function noteOwed(tx: Tx, dagId: DagId): Promise<OwedTicks | null> {
  await tx
    .updateTable('run')
    .set({ is_owed: true })
    .where('dag_id', '=', dagId)
    .where('state', '=', 'queued')
    .where('admitted_at', 'is', null)
    .where('trigger', '=', 'scheduled')
    // A later attempt waits for a slot alone.
    .where('attempt', '=', 1)
    .where('is_owed', '=', false)
    .execute();
  return readOwed(tx, dagId);
}

/** Ticks whose run was not let in yet; `null` where there is none. */
export async function readOwed(tx: Tx, dagId: DagId): Promise<OwedTicks | null> {
  const { rows } = await sql<OwedTicks>`
    select count(*)::int as count, (extract(epoch from min(t.nominal_at)) * 1000)::bigint as "firstAt",
      (extract(epoch from max(t.nominal_at)) * 1000)::bigint as "lastAt"
    from run r join run_tick t on t.dag_id = r.dag_id and t.run_id = r.run_id
    where r.dag_id = ${dagId} and r.state = 'queued' and r.admitted_at is null and r.trigger = 'scheduled' and r.attempt = 1`.execute(
    tx,
  );
  const owed = rows[0];
  return owed === undefined || owed.count === 0 ? null : owed;
}

/** Most ticks that are listed of one run, the first ones; its data interval is of all. */
const maxListedTicks = 10_000;

/** The nominal times of the run in the table of this name, as epoch milliseconds in order. */
export function ticksOf(table: string) {
  const [dagId, runId, trigger, folded] = ['dag_id', 'run_id', 'trigger', 'folded'].map((column) =>
    sql.ref(`${table}.${column}`),
  );
  // Of other runs nothing is looked up.
  return sql<readonly number[]>`case when ${trigger} = 'scheduled' or ${folded} > 0 then array(
    select (extract(epoch from t.nominal_at) * 1000)::float8 from run_tick t
    where t.dag_id = ${dagId} and t.run_id = ${runId} order by t.nominal_at limit ${maxListedTicks}
  ) else '{}' end`;
}
