import { type RawBuilder, sql } from 'kysely';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { DagOutlet, TaskEnd } from '../core/run-plan.ts';
import { parseSlot, type Slot } from '../core/slot.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { recordOutlets } from './run-outlets.ts';
import { type EndedRunState, openTaskStates, type RunRow } from './run-tables.ts';

/**
 * Holds a DAG against a deploy that removes it: that refuses the requests which wait, and whatever is written with this is among them or never is.
 * @returns whether the DAG is there
 */
export async function holdDag(tx: Tx, dagId: DagId): Promise<boolean> {
  const dag = await tx
    .selectFrom('dag')
    .select('retired_at')
    .where('dag_id', '=', dagId)
    .forShare()
    .executeTakeFirst();
  return dag !== undefined && dag.retired_at === null;
}

/** One attempt of one run. */
export interface RunAttempt {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
}

export interface RunClosing extends RunAttempt {
  readonly state: 'success' | 'failed';
  readonly reason: string | null;
  /** How its tasks ended; those that never started are written down by this. */
  readonly ends: Readonly<Record<TaskId, TaskEnd>>;
  /** What the run updated as a whole; absent means nothing. */
  readonly outlets?: readonly DagOutlet[];
}

/** What became of the closing of a run. */
export interface Closed {
  readonly wasOpen: boolean;
  /** DAGs that wait for what the run updated as a whole. */
  readonly subscribers: readonly DagId[];
}

/**
 * Closes an open run and whatever of it was still under way, and records what it updated as a whole; closing again changes nothing. One that somebody
 * gave a state by hand gets that state, and then updated nothing.
 */
export async function closeRun(db: Db, closing: RunClosing): Promise<Closed> {
  const { state, ends, outlets = [] } = closing;
  // A task that succeeded has nothing left to close: the run's own row is all there is to write.
  const isClean = state === 'success' && Object.values(ends).every((end) => end === 'success');
  if (isClean && outlets.length === 0)
    return { wasOpen: (await closeRow(db, closing)) !== undefined, subscribers: [] };
  return db.transaction().execute(async (tx) => {
    const closed = await closeRow(tx, closing);
    if (closed === undefined) return { wasOpen: false, subscribers: [] };
    if (!isClean) await closeTasks(tx, closing);
    const updates = closed.isMarked ? [] : outlets;
    // Last, for it locks the log.
    return { wasOpen: true, subscribers: await recordOutlets(tx, closing, updates) };
  });
}

/** @returns nothing when it was closed before */
async function closeRow(
  db: Db | Tx,
  { dagId, runId, attempt, state, reason }: RunClosing,
): Promise<{ readonly isMarked: boolean } | undefined> {
  const row = await db
    .updateTable('run')
    .set({
      state: sql<EndedRunState>`coalesce(wanted_state, ${state})`,
      reason: sql<string | null>`case when wanted_state is null then ${reason}::text else wanted_reason end`,
      ended_at: sql<Date>`clock()`,
      admitted_at: sql<Date>`coalesce(admitted_at, clock())`,
    })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('state', 'in', ['queued', 'running'])
    .returning('wanted_state')
    .executeTakeFirst();
  return row && { isMarked: row.wanted_state !== null };
}

async function closeTasks(tx: Tx, { dagId, runId, attempt, reason, ends }: RunClosing): Promise<void> {
  await tx
    .updateTable('task_run')
    .set({ state: 'failed', ended_at: sql<Date>`clock()`, error: reason ?? 'the run was closed' })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('state', 'in', openTaskStates)
    .execute();
  const unstarted = Object.entries(ends).filter(([, end]) => end === 'skipped' || end === 'upstream_failed');
  if (unstarted.length === 0) return;
  // Of a mapped task its instances tell.
  await sql`
    insert into task_run (dag_id, run_id, attempt, task_id, state, ended_at)
    select ${dagId}, ${runId}, ${attempt}, task_id, state, clock()
    from unnest(${unstarted.map(([taskId]) => taskId)}::text[], ${unstarted.map(([, end]) => end)}::text[]) as u (task_id, state)
    where not exists (
      select from task_run t where t.dag_id = ${dagId} and t.run_id = ${runId} and t.attempt = ${attempt} and t.task_id = u.task_id
    )
    on conflict do nothing`.execute(tx);
}

/** Notes that the consumer knows of the ends of these attempts, so that no sweep tells it again. */
export async function markCloseReported(db: Db, dagId: DagId, slots: readonly Slot[]): Promise<void> {
  const attempts = slots.map(parseSlot);
  const named = (attempt: RawBuilder<unknown>) => sql<boolean>`(run_id, ${attempt}) in (
    select * from unnest(${attempts.map(({ runId }) => runId)}::text[], ${attempts.map((one) => one.attempt)}::int[])
  )`;
  const { numUpdatedRows } = await db
    .updateTable('run')
    .set({ is_close_reported: true })
    .where('dag_id', '=', dagId)
    .where(named(sql`attempt`))
    .executeTakeFirst();
  if (Number(numUpdatedRows) === slots.length) return;
  // Those of runs that run again by now.
  await db
    .updateTable('run_attempt')
    .set({ is_last_reported: true })
    .where('dag_id', '=', dagId)
    .where(named(sql`attempt - 1`))
    .execute();
}

/** Keeps a note with a run, in place of the one before. */
export async function noteRun(db: Db, dagId: DagId, runId: RunId, note: string | null): Promise<void> {
  await db.updateTable('run').set({ note }).where('dag_id', '=', dagId).where('run_id', '=', runId).execute();
}

/** Whether a run has ended; it may run again. */
export function isEndedRun({ state }: Pick<RunRow, 'state'>): boolean {
  return state === 'success' || state === 'failed';
}

export async function readRun(db: Db | Tx, dagId: DagId, runId: RunId): Promise<RunRow | undefined> {
  return ofRun(db, dagId, runId).executeTakeFirst();
}

/** A run as it stays until the transaction ends: until then nobody else marks it, opens it again or closes it. */
export async function holdRun(tx: Tx, dagId: DagId, runId: RunId): Promise<RunRow | undefined> {
  return ofRun(tx, dagId, runId).forNoKeyUpdate().executeTakeFirst();
}

function ofRun(db: Db | Tx, dagId: DagId, runId: RunId) {
  return db.selectFrom('run').selectAll().where('dag_id', '=', dagId).where('run_id', '=', runId);
}
