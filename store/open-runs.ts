import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import { type AskedRun, withoutExpired } from '../core/consumer.ts';
import type { Gate } from '../core/gate.ts';
import type { RunId } from '../core/ids.ts';
import { fewWaiting, suffices, takePrefixes } from '../core/prefix.ts';
import { isItsTurn, readDefinition } from './claim.ts';
import { consumedExactly, takeOut, TakenBefore } from './consumption.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { noteOf } from './steps.ts';
import { splitTooOld } from './too-old.ts';
import { readWaiting } from './waiting-events.ts';

/** What became of an attempt to open runs. After `conflict` and `stale` the consumer begins anew. */
export type Opened = 'opened' | 'already' | 'conflict' | 'stale';

export interface RunsToOpen extends Claim {
  readonly version: number;
  /** In the order in which they were asked for; at least one. */
  readonly asked: readonly AskedRun[];
  /** The gate that remains behind the last of them. */
  readonly gate: Gate;
}

/** Opens runs together with what each consumes: after this the events are their own, whatever happens to any process. */
export async function openRuns(db: Db, { asked, gate, version, ...claim }: RunsToOpen): Promise<Opened> {
  const opened = db.transaction().execute(async (tx): Promise<Opened> => {
    const inserted = await insertRuns(tx, claim, { version, asked, counted: gate.watermark });
    if (inserted === undefined) return 'stale';
    const { dagId } = claim;
    const wanted = asked.flatMap((run) => run.taken.map((one) => ({ ...one, runId: run.runId })));
    const { taken, expired } = await splitTooOld(tx, wanted);
    for (const { runId } of asked.filter((run) => !inserted.has(run.runId))) {
      const own = taken.filter((one) => one.runId === runId);
      if (!(await consumedExactly(tx, dagId, runId, own))) throw new OtherEvents();
    }
    if (inserted.size === 0) return 'already';
    const leaving = {
      ...({ outcome: 'consumed', version, gate } as const),
      expired: [...asked.flatMap((run) => run.expired ?? []), ...expired],
    };
    const news = taken.filter(({ runId }) => runId !== undefined && inserted.has(runId));
    if (!(await takeOut(tx, dagId, news, leaving))) throw new TakenBefore();
    return 'opened';
  });
  return opened.catch((error: unknown) => {
    if (error instanceof TakenBefore || error instanceof OtherEvents) return 'conflict';
    throw error;
  });
}

/** What became of an attempt to open runs that each take a part of the queue. */
export type OpenedParts =
  | { readonly kind: 'conflict' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'opened'; readonly runIds: readonly RunId[]; readonly gate: Gate };

export interface PartsToOpen extends Claim {
  readonly version: number;
  /** Most runs. */
  readonly most: number;
  readonly gate: Gate;
  /** Key of which only one run goes on at a time; then `most` is 1. */
  readonly flightKey?: string;
}

/** Opens runs that each take a part of the queue, the oldest events first. What they take follows from the log and the gate alone, so telling it again opens the same. */
export async function openParts(
  db: Db,
  { version, most, gate, flightKey, ...claim }: PartsToOpen,
): Promise<OpenedParts> {
  const parts = await db.transaction().execute(async (tx) => {
    const definition = await readDefinition(tx, claim.dagId, version);
    for (let limit = fewWaiting; ; limit *= 10) {
      const { events, isAll } = await readWaiting(tx, definition, gate, limit);
      const taken = takePrefixes(gate, events, { most, isAll });
      if (suffices(taken, isAll)) return taken;
    }
  });
  const { expired } = gate;
  const [first, ...others] = parts.runs;
  const flight = flightKey === undefined ? {} : { flightKey };
  const asked = first === undefined ? [] : [{ ...first, ...flight, ...(expired && { expired }) }, ...others];
  const left = withoutExpired(parts.gate);
  // The gate is open by what the log does not have.
  if (asked.length === 0) return { kind: 'conflict' };
  const opened = await openRuns(db, { ...claim, version, asked, gate: left });
  if (opened === 'stale') return { kind: 'stale' };
  if (opened === 'conflict') return { kind: 'conflict' };
  return { kind: 'opened', runIds: asked.map(({ runId }) => runId), gate: left };
}

/** Undoes the transaction of runs one of which stands for other events. */
class OtherEvents extends Error {
  override readonly name = 'OtherEvents';
}

/** Takes the step and writes the runs that do not exist. @returns them; nothing when it is not the turn of this step */
async function insertRuns(
  tx: Tx,
  claim: Claim,
  { version, asked, counted }: Pick<RunsToOpen, 'version' | 'asked'> & { readonly counted: Seq },
): Promise<ReadonlySet<RunId> | undefined> {
  const runIds = asked.map(({ runId }) => runId);
  const { rows } = await sql<{ is_turn: boolean; inserted: readonly RunId[] }>`
    with now as materialized (select clock() as at), turn as (
      update consumer set step = ${claim.step} where ${isItsTurn(claim, { kind: 'opened', counted })} returning dag_id
    ), inserted as (
      insert into run (dag_id, run_id, state, trigger, version, partition_key, flight_key, queued_at, admitted_at)
      select dag_id, run_id, 'queued', 'asset', ${version}, partition_key, flight_key, now.at, now.at
      from turn cross join now cross join unnest(
        ${runIds}::text[], ${asked.map(({ key }) => key ?? null)}::text[], ${asked.map(({ flightKey }) => flightKey ?? null)}::text[]
      ) with ordinality as asked (run_id, partition_key, flight_key, place)
      -- A consumer never asks for one whose key is held; two of a key are none, whatever it knows.
      where asked.flight_key is null or not exists (
        select from run held where held.dag_id = turn.dag_id and held.flight_key = asked.flight_key
          and held.state in ('queued', 'running') and held.admitted_at is not null
      )
      order by place
      on conflict (dag_id, run_id) do nothing
      returning run_id
    ), noted as (${noteOf(claim, counted, { kind: 'opened', runIds }, sql`turn`)})
    select exists (select from turn) as is_turn, array(select run_id from inserted) as inserted`.execute(tx);
  return rows[0]?.is_turn === true ? new Set(rows[0].inserted) : undefined;
}
