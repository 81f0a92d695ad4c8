import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import { type AskedRun, withoutExpired } from '../core/consumer.ts';
import type { Gate, Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { fewWaiting, suffices, takePrefixes } from '../core/prefix.ts';
import type { OwedTicks } from '../core/owed-ticks.ts';
import { type Slot, slotOf } from '../core/slot.ts';
import { isItsTurn, openRunsOf, readDefinition, takeStep, type WhichRequests } from './claim.ts';
import { consumedExactly, type Leaving, takeOut, TakenBefore } from './consumption.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { RunRow, RunTrigger } from './run-tables.ts';
import { noteOf, noteStep } from './steps.ts';
import { noteOwed } from './ticks.ts';
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
}

/** Opens runs that each take a part of the queue, the oldest events first. What they take follows from the log and the gate alone, so telling it again opens the same. */
export async function openParts(
  db: Db,
  { version, most, gate, ...claim }: PartsToOpen,
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
  const asked = first === undefined ? [] : [{ ...first, ...(expired && { expired }) }, ...others];
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
      insert into run (dag_id, run_id, state, trigger, version, partition_key, queued_at, admitted_at)
      select dag_id, run_id, 'queued', 'asset', ${version}, partition_key, now.at, now.at
      from turn cross join now cross join unnest(
        ${runIds}::text[], ${asked.map(({ key }) => key ?? null)}::text[]
      ) with ordinality as asked (run_id, partition_key, place)
      order by place
      on conflict (dag_id, run_id) do nothing
      returning run_id
    ), noted as (${noteOf(claim, counted, { kind: 'opened', runIds }, sql`turn`)})
    select exists (select from turn) as is_turn, array(select run_id from inserted) as inserted`.execute(tx);
  return rows[0]?.is_turn === true ? new Set(rows[0].inserted) : undefined;
}

/** A requested run that was let in. */
export interface AdmittedRun {
  readonly runId: RunId;
  readonly attempt: number;
  readonly trigger: RunTrigger;
  /** Of a later attempt, its run's. */
  readonly version?: number;
  readonly partitionKey?: string;
}

/** Requested runs that were let in, in the order in which they were asked for. */
export type Admitted =
  | { readonly kind: 'stale' }
  | { readonly kind: 'conflict' }
  | {
      readonly kind: 'admitted';
      readonly runs: readonly AdmittedRun[];
      /** Whether others still wait. */
      readonly hasMore: boolean;
      /** Ticks that wait for assets still; absent where none does. */
      readonly owed?: OwedTicks;
    };

export interface RunsToAdmit extends Claim {
  /** Definition in force. */
  readonly version: number;
  /** Attempts of runs that the consumer holds already. */
  readonly activeRuns: readonly Slot[];
  /** Free slots. */
  readonly most: number;
  /** Absent means all of them. */
  readonly which?: WhichRequests;
  /** What the first of them that is a first attempt consumes, what had become too old before, and the gate that remains. */
  readonly taken: readonly Taken[];
  readonly expired?: readonly Taken[];
  readonly gate: Gate;
}

/**
 * Lets in the oldest requested runs that the consumer does not hold yet. Those that were let in before, by a call whose answer was
 * lost, come first, so that asking again never lets in more than there are slots.
 */
export async function admitRuns(
  db: Db,
  { version, activeRuns, most, which, taken, expired, gate, ...claim }: RunsToAdmit,
): Promise<Admitted> {
  const letIn = db.transaction().execute(async (tx): Promise<Admitted> => {
    if (!(await takeStep(tx, claim, { kind: 'admitted', counted: gate.watermark }))) return { kind: 'stale' };
    const { dagId } = claim;
    const { admitted, waiting } = await openRunsOf(tx, dagId, most + 1, { which, isLetIn: true });
    const isHeld = ({ run_id, attempt }: (typeof admitted)[number]) =>
      activeRuns.includes(slotOf(run_id, attempt));
    const unknown = [...admitted.filter((run) => !isHeld(run)), ...waiting];
    const next = unknown.slice(0, most);
    if (next.length > 0) {
      await tx
        .updateTable('run')
        .set({
          admitted_at: sql<Date>`coalesce(admitted_at, clock())`,
          version: sql<number>`coalesce(version, ${version})`,
        })
        .where('dag_id', '=', dagId)
        .where(
          'run_id',
          'in',
          next.map(({ run_id }) => run_id),
        )
        .execute();
    }
    const owed = which === undefined ? null : await noteOwed(tx, dagId);
    // A later attempt has had its events since the first.
    const first = next.find(({ attempt }) => attempt === 1);
    const hasMore = unknown.length > most;
    await noteStep(tx, claim, gate.watermark, {
      ...{ kind: 'admitted', runIds: next.map(({ run_id, attempt }) => slotOf(run_id, attempt)) },
      ...(hasMore ? { hasMore } : {}),
      ...(owed === null ? {} : { owed }),
    });
    if (first !== undefined && taken.length > 0) {
      await consumeOnce(tx, dagId, first.run_id, { taken, expired: expired ?? [], version, gate });
    }
    return {
      kind: 'admitted',
      runs: next.map(admittedFrom),
      hasMore,
      ...(owed === null ? {} : { owed }),
    };
  });
  return letIn.catch((error: unknown) => {
    if (error instanceof TakenBefore) return { kind: 'conflict' };
    throw error;
  });
}

function admittedFrom(
  row: Pick<RunRow, 'run_id' | 'attempt' | 'trigger' | 'version' | 'partition_key'>,
): AdmittedRun {
  const { run_id: runId, attempt, trigger, version, partition_key: partitionKey } = row;
  const run = { runId, attempt, trigger };
  if (attempt === 1) return run;
  return { ...run, ...(version !== null && { version }), ...(partitionKey !== null && { partitionKey }) };
}

/** A run that was let in by a call whose answer was lost has its events already. */
async function consumeOnce(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  {
    taken: wanted,
    expired,
    version,
    gate,
  }: Pick<RunsToAdmit, 'taken' | 'version' | 'gate'> & Pick<Leaving, 'expired'>,
): Promise<void> {
  const split = await splitTooOld(tx, wanted);
  if (await consumedExactly(tx, dagId, runId, split.taken)) return;
  const own = split.taken.map((one) => ({ ...one, runId }));
  const leaving = { version, gate, expired: [...(expired ?? []), ...split.expired] };
  if (!(await takeOut(tx, dagId, own, { outcome: 'consumed', ...leaving }))) throw new TakenBefore();
}
