import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Definition } from '../core/definition.ts';
import { TidegateError } from '../core/errors.ts';
import { type Gate, redefine, type Taken } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { readLog, type Tx } from './log.ts';
import type { Checkpoint, ConsumptionOutcome, RunTrigger } from './schema.ts';

/** One life of a consumer's workflow: whoever claims the gate next ends it. */
export interface Claim {
  readonly dagId: DagId;
  readonly epoch: number;
}

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
      readonly activeRuns: readonly RunId[];
      readonly hasRequests: boolean;
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
      .set({ epoch: sql`epoch + 1`, sent: checkpoint.gate.watermark })
      .where('dag_id', '=', dagId)
      .returning('epoch')
      .executeTakeFirstOrThrow();
    const open = await openRunsOf(tx, dagId);
    return {
      ...{ kind: 'claimed', log: log.id, epoch, definition, gate: checkpoint.gate, isPaused: is_paused },
      activeRuns: open.filter(({ admitted_at }) => admitted_at !== null).map(({ run_id }) => run_id),
      hasRequests: open.some(({ admitted_at }) => admitted_at === null),
    };
  });
}

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
  return db.transaction().execute(async (tx): Promise<Opened> => {
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
    await consume(tx, dagId, taken, { outcome: 'consumed', version, runId });
    await writeCheckpoint(tx, dagId, { version, gate });
    return 'opened';
  });
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
    await writeCheckpoint(tx, claim.dagId, { version, gate: redefined.gate });
    return { kind: 'adopted', definition, gate: redefined.gate };
  });
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

export async function setPaused(db: Db, claim: Claim, isPaused: boolean): Promise<'stored' | 'stale'> {
  const { numUpdatedRows } = await db
    .updateTable('consumer')
    .set({ is_paused: isPaused })
    .where('dag_id', '=', claim.dagId)
    .where('epoch', '=', claim.epoch)
    .executeTakeFirst();
  return numUpdatedRows > 0n ? 'stored' : 'stale';
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

async function isCurrent(tx: Tx, { dagId, epoch }: Claim): Promise<boolean> {
  const row = await tx
    .selectFrom('consumer')
    .select('epoch')
    .where('dag_id', '=', dagId)
    .forUpdate()
    .executeTakeFirst();
  return row?.epoch === epoch;
}

async function hasLaterVersion(tx: Tx, dagId: DagId, version: number): Promise<boolean> {
  const row = await tx.selectFrom('dag').select('version').where('dag_id', '=', dagId).executeTakeFirst();
  return row !== undefined && row.version > version;
}

async function openRunsOf(tx: Tx, dagId: DagId) {
  return tx
    .selectFrom('run')
    .select(['run_id', 'attempt', 'trigger', 'admitted_at'])
    .where('dag_id', '=', dagId)
    .where('state', 'in', ['queued', 'running'])
    .orderBy('number')
    .execute();
}

async function writeCheckpoint(tx: Tx, dagId: DagId, { version, gate }: Checkpoint): Promise<void> {
  await tx
    .updateTable('consumer')
    .set({ checkpoint: JSON.stringify({ version, gate } satisfies Checkpoint) })
    .where('dag_id', '=', dagId)
    .execute();
}

interface Consumption {
  readonly outcome: ConsumptionOutcome;
  readonly version: number;
  readonly runId?: RunId;
  readonly who?: string;
}

/**
 * Adds the next interval of each subscription. It begins where the one before ended, so the constraints forbid taking an event
 * twice. Dropping and clearing may be told again, by a call whose answer was lost, and then change nothing.
 */
async function consume(
  tx: Tx,
  dagId: DagId,
  taken: readonly Taken[],
  { outcome, version, runId, who }: Consumption,
): Promise<void> {
  if (taken.length === 0) return;
  await sql`
    insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, who, version)
    select id, from_seq, upto_seq, ${dagId}, ${outcome}, count, ${runId ?? null}, ${who ?? null}, ${version}
    from (
      select s.id, t.upto_seq, t.count, coalesce((
        select upto_seq from consumption c where c.subscription_id = s.id and c.key = '' order by upto_seq desc limit 1
      ), s.after_seq) as from_seq
      from unnest(
        ${taken.map(({ leaf }) => Number(leaf))}::int[], ${taken.map(({ upTo }) => upTo)}::bigint[],
        ${taken.map(({ count }) => count)}::bigint[]
      ) as t (subscription_id, upto_seq, count) join subscription s on s.id = t.subscription_id
    ) as next where ${outcome === 'consumed'} or from_seq < upto_seq`.execute(tx);
}

async function consumedExactly(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  taken: readonly Taken[],
): Promise<boolean> {
  const rows = await tx
    .selectFrom('consumption')
    .select(['subscription_id', 'upto_seq', 'count'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .execute();
  const stored = new Set(rows.map((row) => `${row.subscription_id} ${row.upto_seq} ${row.count}`));
  return (
    stored.size === taken.length &&
    taken.every(({ leaf, upTo, count }) => stored.has(`${leaf} ${upTo} ${count}`))
  );
}

function assertBelowHead(dagId: DagId, watermark: Seq, head: Seq): void {
  if (watermark > head) {
    throw new TidegateError(
      'log_rewound',
      `DAG ${dagId} has counted events up to ${watermark}, but the log ends at ${head}: Postgres was restored from a backup`,
    );
  }
}
