import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import type { Definition } from '../core/definition.ts';
import { TidegateError } from '../core/errors.ts';
import type { Flight, WhichRequests } from '../core/flights.ts';
import type { Gate } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import { type Slot, slotOf } from '../core/slot.ts';
import type { Db } from './database.ts';
import { readUndecided } from './deadlines.ts';
import { readLog, type Tx } from './log.ts';
import type { StepDeed } from '../core/steps.ts';
import type { RunRow } from './run-tables.ts';
import { startable } from './startable-runs.ts';
import { noteStep } from './steps.ts';

/** What a consumer starts from. */
export type Claimed =
  | { readonly kind: 'retired' }
  | {
      readonly kind: 'claimed';
      readonly log: string;
      readonly epoch: number;
      readonly definition: Definition;
      readonly gate: Gate;
      readonly isPaused: boolean;
      readonly activeRuns: readonly Slot[];
      readonly hasRequests: boolean;
      /** Keys that active runs hold; absent where the DAG has no such rule. */
      readonly flights?: Readonly<Record<Slot, Flight>>;
    };

/**
 * Begins a new life of a consumer from its checkpoint; what was recorded later is sent to it again.
 * @throws TidegateError `unknown_dag` when it was never deployed, `log_rewound` when its checkpoint lies above the log's head
 */
export async function claimGate(db: Db, dagId: DagId): Promise<Claimed> {
  return db.transaction().execute(async (tx): Promise<Claimed> => {
    const consumer = await tx
      .selectFrom('consumer')
      .select(['checkpoint', 'is_paused'])
      .where('dag_id', '=', dagId)
      .forUpdate()
      .executeTakeFirst();
    if (consumer === undefined) {
      throw new TidegateError('unknown_dag', `DAG ${dagId} was never deployed: run 'tidegate deploy'`);
    }
    const { checkpoint, is_paused } = consumer;
    const log = await readLog(tx);
    assertBelowHead(dagId, checkpoint.gate.watermark, log.head);
    const definition = await readDefinition(tx, dagId, checkpoint.version);
    if (definition.plan === null && !(await hasLaterVersion(tx, dagId, checkpoint.version))) {
      return { kind: 'retired' };
    }
    const { epoch } = await tx
      .updateTable('consumer')
      .set({ epoch: sql`epoch + 1`, step: 0, sent: checkpoint.gate.watermark })
      .where('dag_id', '=', dagId)
      .returning('epoch')
      .executeTakeFirstOrThrow();
    const open = await openRunsOf(tx, dagId, 1);
    const activeRuns = open.admitted.map(({ run_id, attempt }) => slotOf(run_id, attempt));
    const hasRequests = open.waiting.length > 0;
    const gate = await readUndecided(tx, dagId, checkpoint.gate);
    await noteStep(tx, { dagId, epoch, step: 0 }, checkpoint.gate.watermark, {
      ...{ kind: 'claimed', version: checkpoint.version, gate, isPaused: is_paused },
      ...{ activeRuns, hasRequests, ...flightsOf(definition.singleFlight !== undefined, open.admitted) },
    });
    return {
      ...{ kind: 'claimed', log: log.id, epoch, definition, gate, isPaused: is_paused },
      ...{ activeRuns, hasRequests, ...flightsOf(definition.singleFlight !== undefined, open.admitted) },
    };
  });
}

/** The definition of one version. */
export async function readDefinition(db: Db | Tx, dagId: DagId, version: number): Promise<Definition> {
  const { definition } = await db
    .selectFrom('dag_version')
    .select('definition')
    .where('dag_id', '=', dagId)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return definition;
}

/** What tells a step that is told again, because its answer was lost, from another one in its place. */
export interface StepMark {
  readonly kind: StepDeed['kind'];
  readonly counted: Seq;
}

/**
 * Takes a step, which may be the last one taken, told again. Its row stays locked until the transaction ends.
 * @returns whether it is the turn of this life and of this step
 */
export async function takeStep(tx: Tx, claim: Claim, mark: StepMark): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('consumer')
    .set({ step: claim.step })
    .where(isItsTurn(claim, mark))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/**
 * Whether a row of `consumer` is at the step before this one, or at this very one. Temporal may have a worker decide again when its answer came
 * too late, and more may have come by then: what was written the first time stands, so another step in its place is none.
 */
export function isItsTurn({ dagId, epoch, step }: Claim, { kind, counted }: StepMark) {
  return sql<boolean>`consumer.dag_id = ${dagId} and consumer.epoch = ${epoch} and (
    consumer.step = ${step}::int - 1 or (consumer.step = ${step}::int and exists (
      select from consumer_step told where told.dag_id = ${dagId} and told.epoch = ${epoch} and told.step = ${step}::int
        and told.kind = ${kind} and told.counted = ${counted}
    ))
  )`;
}

/**
 * Runs of a DAG that hold a slot, and the oldest of those that wait for one, each in the order in which they were asked for.
 * @param which - of those that wait; with `isLetIn` they are locked, so that a full queue does not drop them meanwhile; with `isSingle` without
 * those that wait for the end of another one
 */
export async function openRunsOf(
  db: Db | Tx,
  dagId: DagId,
  mostWaiting: number,
  {
    which,
    isLetIn = false,
    isSingle = false,
  }: {
    readonly which?: WhichRequests | undefined;
    readonly isLetIn?: boolean;
    readonly isSingle?: boolean;
  } = {},
) {
  const open = db
    .selectFrom('run')
    .select(['run_id', 'attempt', 'trigger', 'version', 'partition_key', 'flight_key', 'wanted_state'])
    .where('dag_id', '=', dagId)
    .where('state', 'in', ['queued', 'running'])
    .orderBy('number');
  const all = open.where('admitted_at', 'is', null).limit(mostWaiting);
  const waiting = isSingle ? all.where(startable('run')) : all;
  // A later attempt has its events: it waits for a slot alone.
  const isTick = sql<boolean>`(trigger = 'scheduled' and attempt = 1)`;
  const wanted =
    which === undefined ? waiting : waiting.where(which === 'ticks' ? isTick : sql<boolean>`not ${isTick}`);
  return {
    admitted: await open.where('admitted_at', 'is not', null).execute(),
    waiting: await (isLetIn ? wanted.forUpdate() : wanted).execute(),
  };
}

/** The keys that runs hold which go on; nothing where no such rule is in force. */
export function flightsOf(
  isSingle: boolean,
  admitted: readonly Pick<RunRow, 'run_id' | 'attempt' | 'flight_key' | 'partition_key' | 'wanted_state'>[],
): { readonly flights?: Readonly<Record<Slot, Flight>> } {
  if (!isSingle) return {};
  const held = admitted.flatMap((run): (readonly [Slot, Flight])[] => {
    const { flight_key: key, partition_key: partition } = run;
    if (key === null) return [];
    const flight = { key, ...(partition !== null && { partition }) };
    return [
      [slotOf(run.run_id, run.attempt), run.wanted_state === null ? flight : { ...flight, isStopping: true }],
    ];
  });
  return { flights: Object.fromEntries(held) };
}

async function hasLaterVersion(tx: Tx, dagId: DagId, version: number): Promise<boolean> {
  const row = await tx.selectFrom('dag').select('version').where('dag_id', '=', dagId).executeTakeFirst();
  return row !== undefined && row.version > version;
}

function assertBelowHead(dagId: DagId, watermark: Seq, head: Seq): void {
  if (watermark > head) {
    throw new TidegateError(
      'log_rewound',
      `DAG ${dagId} has counted events up to ${watermark}, but the log ends at ${head}: Postgres was restored from a backup`,
    );
  }
}
