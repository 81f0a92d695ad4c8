import { sql } from 'kysely';
import type { Claim } from '../core/claim.ts';
import type { DecidedDeadline } from '../core/deadline.ts';
import type { Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { takeStep } from './claim.ts';
import { takeOut, TakenBefore } from './consumption.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { noteStep } from './steps.ts';
import { splitTooOld } from './too-old.ts';

/** A decided deadline, as its consumer asks to write it down. */
export interface DeadlineToWrite extends Claim, DecidedDeadline {
  readonly version: number;
  /** Of its run, if it starts one: the key of which only one goes on at a time. */
  readonly flightKey?: string;
  /** Names of what is missing. */
  readonly missing: readonly string[];
  /** What had become too old before. */
  readonly expired?: readonly Taken[];
}

/** What became of it. `unknown` is a deadline that never came, or was decided before; after `conflict` and `stale` the consumer begins anew. */
export type WrittenDeadline = 'written' | 'unknown' | 'conflict' | 'stale';

/** Writes down what became of a deadline, with the run that it starts or what leaves the queue by it; those before it that are not decided are passed. */
export async function writeDeadline(
  db: Db,
  { expired = [], ...deadline }: DeadlineToWrite,
): Promise<WrittenDeadline> {
  const { dagId, dueAt, outcome, runId, version } = deadline;
  const written = db.transaction().execute(async (tx): Promise<WrittenDeadline> => {
    const counted = deadline.gate.watermark;
    if (!(await takeStep(tx, deadline, { kind: 'deadline', counted }))) return 'stale';
    if (!(await decide(tx, deadline))) {
      if (await isWritten(tx, dagId, dueAt)) return 'written';
      await noteStep(tx, deadline, counted, { kind: 'deadline', dueAt, outcome: 'unknown', runIds: [] });
      return 'unknown';
    }
    const runIds = runId === undefined ? [] : [runId];
    await noteStep(tx, deadline, counted, { kind: 'deadline', dueAt, outcome, runIds });
    const { taken, expired: tooOld } = await splitTooOld(tx, deadline.taken);
    const gate = { ...deadline.gate, expired: [...expired, ...tooOld] };
    if (runId !== undefined) {
      await insertRun(tx, { ...deadline, runId });
      const own = taken.map((one) => ({ ...one, runId }));
      if (!(await takeOut(tx, dagId, own, { outcome: 'consumed', version, gate }))) throw new TakenBefore();
      return 'written';
    }
    // What had become too old before did not leave by this rule.
    await takeOut(tx, dagId, [], { outcome: 'expired', version, gate });
    if (outcome !== 'skip') return 'written';
    const who = `deadline of ${new Date(dueAt).toISOString()}`;
    await takeOut(tx, dagId, taken, { outcome: 'expired', who, version, gate: deadline.gate });
    return 'written';
  });
  return written.catch((error: unknown) => {
    if (error instanceof TakenBefore) return 'conflict';
    throw error;
  });
}

/** @returns whether it came, and was not decided before */
async function decide(tx: Tx, { dagId, dueAt, outcome, runId, missing }: DeadlineToWrite): Promise<boolean> {
  const at = sql`${new Date(dueAt)}::timestamptz`;
  const { rows } = await sql`
    with decided as (
      update deadline set outcome = ${outcome}, decided_at = clock(), run_id = ${runId ?? null}, missing = ${JSON.stringify(missing)}::jsonb
      where dag_id = ${dagId} and due_at = ${at} and outcome is null
      returning dag_id
    ), passed as (
      update deadline set outcome = 'passed', decided_at = clock()
      where dag_id = ${dagId} and due_at < ${at} and outcome is null and exists (select from decided)
    )
    select from decided`.execute(tx);
  return rows.length > 0;
}

/** Whether the last step that was stored decided this deadline: it is told again, because its answer was lost. */
async function isWritten(tx: Tx, dagId: DagId, dueAt: number): Promise<boolean> {
  const { checkpoint } = await tx
    .selectFrom('consumer')
    .select('checkpoint')
    .where('dag_id', '=', dagId)
    .executeTakeFirstOrThrow();
  return checkpoint.gate.deadlines?.decidedAt === dueAt;
}

async function insertRun(tx: Tx, run: DeadlineToWrite & { readonly runId: RunId }): Promise<void> {
  const { dagId, runId, dueAt, previousAt, version, flightKey } = run;
  const row = await tx
    .with(
      (cte) => cte('now').materialized(),
      (query) => query.selectNoFrom(sql<Date>`clock()`.as('at')),
    )
    .insertInto('run')
    .values((eb) => ({
      ...{ dag_id: dagId, run_id: runId, state: 'queued', trigger: 'scheduled', version },
      ...{ queued_at: eb.selectFrom('now').select('at'), admitted_at: eb.selectFrom('now').select('at') },
      ...{ logical_at: new Date(dueAt), ...(flightKey === undefined ? {} : { flight_key: flightKey }) },
      ...{ data_interval_start_at: new Date(previousAt ?? dueAt), data_interval_end_at: new Date(dueAt) },
    }))
    .onConflict((conflict) => conflict.columns(['dag_id', 'run_id']).doNothing())
    .returning('run_id')
    .executeTakeFirst();
  if (row === undefined) throw new TakenBefore();
}
