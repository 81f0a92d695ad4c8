import { sql } from 'kysely';
import type { Claim } from '../core/claim.ts';
import { type HeldBack, pickRuns, type WhichRequests } from '../core/flights.ts';
import type { Gate, Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { OwedTicks } from '../core/owed-ticks.ts';
import { type Slot, slotOf } from '../core/slot.ts';
import { flightsOf, openRunsOf, takeStep } from './claim.ts';
import { consumedExactly, type Leaving, takeOut, TakenBefore } from './consumption.ts';
import type { Db } from './database.ts';
import { findHeldBack } from './held-back.ts';
import type { Tx } from './log.ts';
import type { RunRow, RunTrigger } from './run-tables.ts';
import { noteStep } from './steps.ts';
import { noteOwed } from './ticks.ts';
import { splitTooOld } from './too-old.ts';

/** A requested run that was let in. */
export interface AdmittedRun {
  readonly runId: RunId;
  readonly attempt: number;
  readonly trigger: RunTrigger;
  /** Of a later attempt, its run's. */
  readonly version?: number;
  readonly partitionKey?: string;
  /** Key of which only one run goes on at a time. */
  readonly flightKey?: string;
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
      /** The oldest that waits for the end of another run; absent where none does. */
      readonly heldBack?: HeldBack;
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
  /** Whether only one of a key goes on at a time; absent is no. */
  readonly isSingle?: boolean;
  /** What the first of them that is a first attempt consumes, what had become too old before, and the gate that remains. */
  readonly taken: readonly Taken[];
  readonly expired?: readonly Taken[];
  readonly gate: Gate;
}

/**
 * Lets in the oldest requested runs that the consumer does not hold yet, and whose key no run holds. Those that were let in before, by a call whose answer was
 * lost, come first, so that asking again never lets in more than there are slots.
 */
export async function admitRuns(
  db: Db,
  { version, activeRuns, most, which, isSingle = false, taken, expired, gate, ...claim }: RunsToAdmit,
): Promise<Admitted> {
  const letIn = db.transaction().execute(async (tx): Promise<Admitted> => {
    if (!(await takeStep(tx, claim, { kind: 'admitted', counted: gate.watermark }))) return { kind: 'stale' };
    const { dagId } = claim;
    const { admitted, waiting } = await openRunsOf(tx, dagId, most + 1, { which, isLetIn: true, isSingle });
    const isHeld = ({ run_id, attempt }: (typeof admitted)[number]) =>
      activeRuns.includes(slotOf(run_id, attempt));
    const before = admitted.filter((run) => !isHeld(run));
    const flying = admitted.flatMap(({ flight_key }) => flight_key ?? []);
    const keyed = waiting.map((run) => ({ ...run, key: isSingle ? run.flight_key : null }));
    const picked = pickRuns(keyed, flying, Math.max(0, most - before.length));
    const next = [...before.slice(0, most), ...picked.next];
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
    const hasMore = before.length > most || picked.hasMore;
    const heldBack = isSingle ? await findHeldBack(tx, dagId, which) : null;
    await noteStep(tx, claim, gate.watermark, {
      ...{ kind: 'admitted', runIds: next.map(({ run_id, attempt }) => slotOf(run_id, attempt)) },
      ...(hasMore ? { hasMore } : {}),
      ...(owed === null ? {} : { owed }),
      ...flightsOf(isSingle, next),
      ...(heldBack === null ? {} : { heldBack }),
    });
    if (first !== undefined && taken.length > 0) {
      await consumeOnce(tx, dagId, first.run_id, { taken, expired: expired ?? [], version, gate });
    }
    return {
      kind: 'admitted',
      runs: next.map((run) => admittedFrom(run, isSingle)),
      hasMore,
      ...(owed === null ? {} : { owed }),
      ...(heldBack === null ? {} : { heldBack }),
    };
  });
  return letIn.catch((error: unknown) => {
    if (error instanceof TakenBefore) return { kind: 'conflict' };
    throw error;
  });
}

function admittedFrom(
  row: Pick<RunRow, 'run_id' | 'attempt' | 'trigger' | 'version' | 'partition_key' | 'flight_key'>,
  isSingle: boolean,
): AdmittedRun {
  const { run_id: runId, attempt, trigger, version, partition_key: partitionKey, flight_key: key } = row;
  const run = { runId, attempt, trigger, ...(isSingle && key !== null && { flightKey: key }) };
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
