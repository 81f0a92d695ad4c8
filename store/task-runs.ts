import { sql } from 'kysely';
import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import type { TaskTry } from './recording.ts';
import { readRun, type RunAttempt } from './runs.ts';
import type { RunRow, TaskRunRow } from './schema.ts';

/** A task as its workflow asks for it. */
export interface TaskToTry extends RunAttempt {
  readonly taskId: TaskId;
  /** Tasks whose results it reads. */
  readonly needs: readonly TaskId[];
  /** Longest one try may take; a try found still running after that has timed out. */
  readonly timeoutMs: number | null;
  readonly worker: string;
}

/** What a worker is given to do, or why there is nothing to do. */
export type Begun =
  | {
      readonly kind: 'begun';
      readonly try: number;
      /** Failures of author code so far, a try that timed out without an answer included. */
      readonly failures: number;
      readonly run: RunRow;
      readonly results: Readonly<Record<TaskId, Json>>;
    }
  /** An earlier try ended it and its answer was lost: its code does not run again. */
  | {
      readonly kind: 'ended';
      readonly state: 'success' | 'failed' | 'skipped';
      readonly error: string | null;
    }
  | { readonly kind: 'run closed' };

/** What is left to say of a task when no try of it begins. */
export type EndedTask = Exclude<Begun, { readonly kind: 'begun' }>;

/** Begins the next try of a task; every earlier try can no longer end it. */
export async function beginTry(db: Db, task: TaskToTry): Promise<Begun> {
  return db.transaction().execute(async (tx): Promise<Begun> => {
    const isOpen = await startRun(tx, task);
    if (!isOpen) return { kind: 'run closed' };
    const begun = await nextTry(tx, task);
    if (begun === undefined) return ended(tx, task);
    const run = await readRun(tx, task.dagId, task.runId);
    if (run === undefined) return { kind: 'run closed' };
    return {
      kind: 'begun',
      try: begun.try,
      failures: begun.failures,
      run,
      results: await readResults(tx, task),
    };
  });
}

/** How a task ended, or that its run was closed, without beginning a try; `undefined` while it is still to be done. */
export async function readEnded(
  db: Db,
  task: RunAttempt & { readonly taskId: TaskId },
): Promise<EndedTask | undefined> {
  const { dagId, runId, attempt, taskId } = task;
  const run = await readRun(db, dagId, runId);
  if (run === undefined || run.attempt !== attempt) return { kind: 'run closed' };
  const row = await db
    .selectFrom('task_run')
    .select(['state', 'error'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', '=', taskId)
    .executeTakeFirst();
  if (row !== undefined && row.state !== 'running' && row.state !== 'up_for_retry') return endedFrom(row);
  return run.ended_at === null ? undefined : { kind: 'run closed' };
}

/** What became of an answer: it counts, or the try is no longer the running one. */
export type Ended = 'ended' | 'lost';

/** Ends a try that failed; `isFinal` when no other try follows. */
export async function failTry(db: Db, tried: TaskTry, error: string, isFinal: boolean): Promise<Ended> {
  return endTry(db, tried, isFinal ? 'failed' : 'up_for_retry', error);
}

/** Ends a try that chose to skip. */
export async function skipTry(db: Db, tried: TaskTry, reason: string): Promise<Ended> {
  return endTry(db, tried, 'skipped', reason);
}

async function endTry(
  db: Db,
  { dagId, runId, attempt, taskId, try: number }: TaskTry,
  state: 'failed' | 'up_for_retry' | 'skipped',
  error: string,
): Promise<Ended> {
  const { numUpdatedRows } = await db
    .updateTable('task_run')
    .set({
      ...{ state, error, ended_at: sql<Date>`clock()` },
      failures: state === 'skipped' ? sql<number>`failures` : sql<number>`failures + 1`,
    })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', '=', taskId)
    .where('try', '=', number)
    .where('state', '=', 'running')
    .executeTakeFirst();
  return numUpdatedRows > 0n ? 'ended' : 'lost';
}

/** Marks the run as running with its first task; the lock keeps it from being closed meanwhile. */
async function startRun(tx: Tx, { dagId, runId, attempt }: RunAttempt): Promise<boolean> {
  const run = await tx
    .selectFrom('run')
    .select('state')
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('state', 'in', ['queued', 'running'])
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (run?.state === 'queued') {
    await tx
      .updateTable('run')
      .set({ state: 'running', started_at: sql<Date>`clock()` })
      .where('dag_id', '=', dagId)
      .where('run_id', '=', runId)
      .execute();
  }
  return run !== undefined;
}

async function nextTry(tx: Tx, { dagId, runId, attempt, taskId, timeoutMs, worker }: TaskToTry) {
  const { rows } = await sql<{ try: number; failures: number }>`
    insert into task_run as t (dag_id, run_id, attempt, task_id, state, try, started_at, try_started_at, worker)
    values (${dagId}, ${runId}, ${attempt}, ${taskId}, 'running', 1, clock(), clock(), ${worker})
    on conflict (dag_id, run_id, attempt, task_id) do update set
      state = 'running', try = t.try + 1, try_started_at = clock(), ended_at = null, worker = excluded.worker,
      failures = t.failures + case
        when t.state = 'running' and t.try_started_at + ${timeoutMs}::float8 * interval '1 millisecond' <= clock() then 1
        else 0 end
    where t.state in ('running', 'up_for_retry')
    returning t.try, t.failures`.execute(tx);
  return rows[0];
}

async function ended(tx: Tx, { dagId, runId, attempt, taskId }: TaskToTry): Promise<Begun> {
  const row = await tx
    .selectFrom('task_run')
    .select(['state', 'error'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', '=', taskId)
    .executeTakeFirstOrThrow();
  return endedFrom(row);
}

function endedFrom({ state, error }: Pick<TaskRunRow, 'state' | 'error'>): EndedTask {
  return { kind: 'ended', state: state === 'success' || state === 'skipped' ? state : 'failed', error };
}

async function readResults(
  tx: Tx,
  { dagId, runId, attempt, needs }: TaskToTry,
): Promise<Record<TaskId, Json>> {
  if (needs.length === 0) return {};
  const rows = await tx
    .selectFrom('task_run')
    .select(['task_id', 'result'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .where('task_id', 'in', needs)
    .where('state', '=', 'success')
    .execute();
  return Object.fromEntries(rows.map(({ task_id, result }) => [task_id, result]));
}
