import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import { clear, type Clearing, type ClearWish, countTaken, cutAt } from '../core/clearing.ts';
import { withoutExpired } from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import type { Flights } from '../core/flights.ts';
import { type Gate, pauseGate, type Taken } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import type { WhilePaused } from '../core/run-plan.ts';
import { isItsTurn, readDefinition, takeStep } from './claim.ts';
import { redefine } from '../core/gate-terms.ts';
import { takeOut, writeIgnored } from './consumption.ts';
import { readCuts } from './cuts.ts';
import type { Db } from './database.ts';
import { removeDeadlines } from './deadlines.ts';
import { readLog, type Tx } from './log.ts';
import { recall } from './recall.ts';
import { rekeyRuns } from './rekey-runs.ts';
import { redefineQueued } from './recount.ts';
import type { Checkpoint } from './schema.ts';
import { noteOf, noteStep } from './steps.ts';
import { splitTooOld } from './too-old.ts';

/** Stores the gate as it is, before a consumer continues as new, and writes down what became too old. */
export async function checkpoint(
  db: Db,
  claim: Claim,
  { version, gate }: Checkpoint,
): Promise<'stored' | 'stale'> {
  if (gate.expired !== undefined) {
    return db.transaction().execute(async (tx) => {
      if (!(await takeStep(tx, claim, { kind: 'stored', counted: gate.watermark }))) return 'stale';
      await noteStep(tx, claim, gate.watermark, { kind: 'stored' });
      await takeOut(tx, claim.dagId, [], { outcome: 'expired', version, gate });
      return 'stored';
    });
  }
  const stored = JSON.stringify({ version, gate } satisfies Checkpoint);
  const { rows } = await sql<{ is_turn: boolean }>`
    with turn as (
      update consumer set checkpoint = ${stored}, step = ${claim.step} where ${isItsTurn(claim, { kind: 'stored', counted: gate.watermark })} returning dag_id
    ), noted as (${noteOf(claim, gate.watermark, { kind: 'stored' }, sql`turn`)})
    select exists (select from turn) as is_turn`.execute(db);
  return rows[0]?.is_turn === true ? 'stored' : 'stale';
}

/** What putting another definition in force made of the gate. */
export type Adopted =
  | { readonly kind: 'stale' }
  | {
      readonly kind: 'adopted';
      readonly definition: Definition;
      readonly gate: Gate;
      /** Keys that active runs hold; absent where the DAG has no such rule. */
      readonly flights?: Flights['flights'];
    };

/** Puts the definition of `version`, deployed at `at`, in force; what was queued for assets it lacks is dropped by that edit. */
export async function adoptDefinition(
  db: Db,
  claim: Claim,
  { version, at, gate }: { readonly version: number; readonly at: Seq; readonly gate: Gate },
): Promise<Adopted> {
  return db.transaction().execute(async (tx): Promise<Adopted> => {
    if (!(await takeStep(tx, claim, { kind: 'adopted', counted: gate.watermark }))) return { kind: 'stale' };
    const definition = await readDefinition(tx, claim.dagId, version);
    const redefined = await redefineQueued(tx, definition, gate, at);
    const forgotten = gate.forgotten === undefined ? {} : await recall(tx, claim.dagId, gate, null);
    const { dropped } = redefine({ ...gate, queued: forgotten }, definition, at);
    const flights = await rekeyRuns(tx, claim.dagId, definition);
    await noteStep(tx, claim, gate.watermark, { kind: 'adopted', version, at, ...flights });
    if (definition.plan === null) {
      await refuseRequests(tx, claim.dagId);
      await removeDeadlines(tx, claim.dagId);
    }
    await takeOut(tx, claim.dagId, [...redefined.dropped, ...dropped], {
      outcome: 'dropped',
      version,
      gate: redefined.gate,
    });
    return { kind: 'adopted', definition, gate: withoutExpired(redefined.gate), ...flights };
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
    // One that was deployed again takes them: its consumer is only late to hear of both.
    .where(sql<boolean>`exists (select from dag where dag.dag_id = ${dagId} and retired_at is not null)`)
    .execute();
}

/** A clearing, by whom; with what was asked for where partition keys are not in the gate. */
export interface ClearingQueue extends Clearing {
  readonly version: number;
  readonly who: string;
  readonly wish?: ClearWish;
}

/** The gate as it was, as far as it says which keys it holds. */
function withTaken({ taken, gate }: { readonly taken: readonly Taken[]; readonly gate: Gate }): Gate {
  const gone = taken.map(({ leaf, count, firstSeq, upTo }) => {
    return [leaf, { count, firstSeq, lastSeq: upTo, firstAt: 0, lastAt: 0 }] as const;
  });
  return { ...gate, queued: { ...Object.fromEntries(gone), ...gate.queued } };
}

/** What leaves of partition keys that the gate let go of before. */
async function clearForgotten(
  tx: Tx,
  dagId: DagId,
  {
    definition,
    held,
    wish,
  }: { readonly definition: Definition; readonly held: Gate; readonly wish: ClearWish },
): Promise<readonly Taken[]> {
  const clearing = clear({ ...held, queued: await recall(tx, dagId, held, null) }, wish);
  return cutAt(clearing, await readCuts(tx, definition, clearing)).taken;
}

/** What became of a clearing, with the gate as it is now and how many events left it. */
export type Cleared =
  | { readonly kind: 'stale' }
  | { readonly kind: 'stored'; readonly gate: Gate; readonly cleared: number };

/**
 * Clears what was decided to leave the gate, and says who asked for it. Queues that are to be cut are read anew from the log, which
 * never changes, so that telling it again cuts at the same place.
 */
export async function clearQueue(
  db: Db,
  claim: Claim,
  { version, who, wish, ...clearing }: ClearingQueue,
): Promise<Cleared> {
  return db.transaction().execute(async (tx): Promise<Cleared> => {
    const { watermark: counted } = clearing.gate;
    if (!(await takeStep(tx, claim, { kind: 'cleared', counted }))) return { kind: 'stale' };
    const definition = await readDefinition(tx, claim.dagId, version);
    const own = cutAt(clearing, await readCuts(tx, definition, clearing));
    const others =
      wish === undefined
        ? []
        : await clearForgotten(tx, claim.dagId, { definition, held: withTaken(own), wish });
    const { gate } = own;
    const { taken, expired } = await splitTooOld(tx, [...own.taken, ...others]);
    await noteStep(tx, claim, gate.watermark, { kind: 'cleared', taken });
    await takeOut(tx, claim.dagId, taken, { outcome: 'cleared', version, who, expired, gate });
    return { kind: 'stored', gate: withoutExpired(gate), cleared: countTaken(taken) };
  });
}

/** A pause or its end. */
export interface Pausing extends Checkpoint {
  readonly isPaused: boolean;
  readonly whilePaused: WhilePaused;
}

/** What became of it, with the gate as it is now. */
export type Paused = { readonly kind: 'stale' } | { readonly kind: 'stored'; readonly gate: Gate };

/**
 * Notes whether the DAG is paused, and that its schedule is to be brought in line with that. The gate is stored with it: what was
 * recorded before belongs before the pause, however late it is counted.
 */
export async function setPaused(
  db: Db,
  claim: Claim,
  { isPaused, version, whilePaused, gate: before }: Pausing,
): Promise<Paused> {
  const { dagId } = claim;
  return db.transaction().execute(async (tx): Promise<Paused> => {
    const kind = isPaused ? 'paused' : 'resumed';
    if (!(await takeStep(tx, claim, { kind, counted: before.watermark }))) return { kind: 'stale' };
    const { head: at } = await readLog(tx);
    const { gate, ignored } = pauseGate(before, { isPaused, whilePaused, at });
    await noteStep(tx, claim, gate.watermark, { kind, at });
    if (ignored !== null) await writeIgnored(tx, dagId, ignored, version);
    await takeOut(tx, dagId, [], { outcome: 'expired', version, gate });
    await tx.updateTable('consumer').set({ is_paused: isPaused }).where('dag_id', '=', dagId).execute();
    await tx.updateTable('dag').set({ synced_version: 0 }).where('dag_id', '=', dagId).execute();
    return { kind: 'stored', gate: withoutExpired(gate) };
  });
}
