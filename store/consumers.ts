import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Definition } from '../core/definition.ts';
import { type Gate, redefine, type Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { type Claim, isCurrent, openRunsOf, readDefinition } from './claim.ts';
import { consume, consumedExactly, writeCheckpoint } from './consumption.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { Checkpoint, RunTrigger } from './schema.ts';

/** What became of an attempt to open a run. After `conflict` and `stale` the consumer begins anew. */
export type Opened = 'opened' | 'already' | 'conflict' | 'stale';

export interface OpenRun extends Claim {
  readonly runId: RunId;
  readonly version: number;
  readonly taken: readonly Taken[];
  /** The gate that remains. */
  readonly gate: Gate;
}

/** Opens a run together with what it consumes: after this the events are its own, whatever happens to any process. */
export async function openRun(
  db: Db,
  { dagId, epoch, runId, version, taken, gate }: OpenRun,
): Promise<Opened> {
  const opened = db.transaction().execute(async (tx): Promise<Opened> => {
    if (!(await isCurrent(tx, { dagId, epoch }))) return 'stale';
    const inserted = await tx
      .insertInto('run')
      .values({
        ...{ dag_id: dagId, run_id: runId, state: 'queued', trigger: 'asset', version },
        admitted_at: sql<Date>`clock()`,
      })
      .onConflict((conflict) => conflict.columns(['dag_id', 'run_id']).doNothing())
      .returning('run_id')
      .executeTakeFirst();
    if (inserted === undefined)
      return (await consumedExactly(tx, dagId, runId, taken)) ? 'already' : 'conflict';
    if (!(await consume(tx, dagId, taken, { outcome: 'consumed', version, runId }))) throw new TakenBefore();
    await writeCheckpoint(tx, dagId, { version, gate });
    return 'opened';
  });
  return opened.catch((error: unknown) => {
    if (error instanceof TakenBefore) return 'stale';
    throw error;
  });
}

/** Undoes the transaction of a run that would take events another one has: its consumer forgot a decision that was stored. */
class TakenBefore extends Error {
  override readonly name = 'TakenBefore';
}

/** Stores the gate as it is, before a consumer continues as new. */
export async function checkpoint(
  db: Db,
  claim: Claim,
  { version, gate }: Checkpoint,
): Promise<'stored' | 'stale'> {
  return db.transaction().execute(async (tx) => {
    if (!(await isCurrent(tx, claim))) return 'stale';
    await writeCheckpoint(tx, claim.dagId, { version, gate });
    return 'stored';
  });
}

/** What putting another definition in force made of the gate. */
export type Adopted =
  | { readonly kind: 'stale' }
  | { readonly kind: 'adopted'; readonly definition: Definition; readonly gate: Gate };

/** Puts the definition of `version`, deployed at `at`, in force; what was queued for assets it lacks is dropped by that edit. */
export async function adoptDefinition(
  db: Db,
  claim: Claim,
  { version, at, gate }: { readonly version: number; readonly at: Seq; readonly gate: Gate },
): Promise<Adopted> {
  return db.transaction().execute(async (tx): Promise<Adopted> => {
    if (!(await isCurrent(tx, claim))) return { kind: 'stale' };
    const definition = await readDefinition(tx, claim.dagId, version);
    const redefined = redefine(gate, definition.condition, at);
    await consume(tx, claim.dagId, redefined.dropped, { outcome: 'dropped', version });
    if (definition.plan === null) await refuseRequests(tx, claim.dagId);
    await writeCheckpoint(tx, claim.dagId, { version, gate: redefined.gate });
    return { kind: 'adopted', definition, gate: redefined.gate };
  });
}

/** Requested runs of a removed DAG would wait for ever. */
async function refuseRequests(tx: Tx, dagId: DagId): Promise<void> {
  await tx
    .updateTable('run')
    .set({
      ...{ state: 'failed', reason: 'the DAG was removed', is_close_reported: true },
      ended_at: sql<Date>`clock()`,
    })
    .where('dag_id', '=', dagId)
    .where('state', '=', 'queued')
    .where('admitted_at', 'is', null)
    .execute();
}

/** Clears what was taken out of the gate, and says who asked for it. */
export async function clearQueue(
  db: Db,
  claim: Claim,
  { version, taken, gate, who }: Checkpoint & { readonly taken: readonly Taken[]; readonly who: string },
): Promise<'stored' | 'stale'> {
  return db.transaction().execute(async (tx) => {
    if (!(await isCurrent(tx, claim))) return 'stale';
    await consume(tx, claim.dagId, taken, { outcome: 'cleared', version, who });
    await writeCheckpoint(tx, claim.dagId, { version, gate });
    return 'stored';
  });
}

/** Notes whether the DAG is paused, and that its schedule is to be brought in line with that. */
export async function setPaused(db: Db, claim: Claim, isPaused: boolean): Promise<'stored' | 'stale'> {
  return db.transaction().execute(async (tx) => {
    if (!(await isCurrent(tx, claim))) return 'stale';
    await tx.updateTable('consumer').set({ is_paused: isPaused }).where('dag_id', '=', claim.dagId).execute();
    await tx.updateTable('dag').set({ synced_version: 0 }).where('dag_id', '=', claim.dagId).execute();
    return 'stored';
  });
}

/** A requested run that was let in, or that there is none (any more). */
export type Admitted =
  | { readonly kind: 'stale' }
  | { readonly kind: 'none' }
  | {
      readonly kind: 'admitted';
      readonly runId: RunId;
      readonly attempt: number;
      readonly trigger: RunTrigger;
      /** Whether others still wait. */
      readonly hasMore: boolean;
    };

/**
 * Lets in the oldest requested run that the consumer does not hold yet. One that was let in before, by a call whose answer
 * was lost, comes first, so that asking again never lets in two.
 */
export async function admitRun(
  db: Db,
  claim: Claim,
  { version, activeRuns }: { readonly version: number; readonly activeRuns: readonly RunId[] },
): Promise<Admitted> {
  return db.transaction().execute(async (tx): Promise<Admitted> => {
    if (!(await isCurrent(tx, claim))) return { kind: 'stale' };
    const open = await openRunsOf(tx, claim.dagId);
    const waiting = open.filter(({ run_id }) => !activeRuns.includes(run_id));
    const next = waiting.find(({ admitted_at }) => admitted_at !== null) ?? waiting[0];
    if (next === undefined) return { kind: 'none' };
    await tx
      .updateTable('run')
      .set({
        admitted_at: sql<Date>`coalesce(admitted_at, clock())`,
        version: sql<number>`coalesce(version, ${version})`,
      })
      .where('dag_id', '=', claim.dagId)
      .where('run_id', '=', next.run_id)
      .execute();
    return {
      ...{ kind: 'admitted', runId: next.run_id, attempt: next.attempt, trigger: next.trigger },
      hasMore: waiting.length > 1,
    };
  });
}
