import { sql } from 'kysely';
import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import { missingOf } from './deadlines.ts';
import { isEnd } from './ended-tasks.ts';
import type { TaskTry } from './recording.ts';
import { readRun } from './runs.ts';
import { openTaskStates, type RunRow, type TaskRunRow } from './run-tables.ts';
import { isOfTask, isRunning, type TaskOfRun } from './task-rows.ts';
import { ticksOf } from './ticks.ts';

/** A task as its workflow asks for it. */
export interface TaskToTry extends TaskOfRun {
  /** Longest one try may take. */
  readonly timeoutMs: number | null;
  readonly worker: string;
}

/** What a task may know of its run. */
export type BegunRun = Pick<
  RunRow,
  | 'trigger'
  | 'conf'
  | 'queued_at'
  | 'logical_at'
  | 'data_interval_start_at'
  | 'data_interval_end_at'
  | 'partition_key'
> & {
  /** Nominal times of the ticks it is for, as epoch milliseconds. */
  readonly ticks: readonly number[];
  /** Names of what was missing, of a run that a deadline started. */
  readonly missing: readonly string[];
};

/** What a worker is given to do, or why there is nothing to do. */
export type Begun =
  | {
      readonly kind: 'begun';
      readonly try: number;
      /** Failures of author code so far. */
      readonly failures: number;
      /** What the try before left to go on from; `null` where it left nothing. */
      readonly heartbeatDetails: Json | null;
      /** When its first try began. */
      readonly startedAt: Date;
      readonly run: BegunRun;
    }
  /** An earlier try ended it and its answer was lost: its code does not run again. */
  | {
      readonly kind: 'ended';
      readonly state: 'success' | 'failed' | 'skipped';
      readonly error: string | null;
      readonly result: Json;
    }
  | { readonly kind: 'run closed' };

/** What is left to say of a task when no try of it begins. */
export type EndedTask = Exclude<Begun, { readonly kind: 'begun' }>;

/** Begins the next try of a task; every earlier try can no longer end it. */
export async function beginTry(db: Db, task: TaskToTry): Promise<Begun> {
  const begun = await nextTry(db, task);
  if (begun === undefined) return (await readEnded(db, task)) ?? { kind: 'run closed' };
  const { try: number, failures, heartbeat_details: heartbeatDetails, started_at: startedAt, ...run } = begun;
  return { kind: 'begun', try: number, failures, heartbeatDetails, startedAt, run };
}

/** How a task ended, or that its run was closed, without beginning a try; `undefined` while it is still to be done. */
export async function readEnded(db: Db, task: TaskOfRun): Promise<EndedTask | undefined> {
  const run = await readRun(db, task.dagId, task.runId);
  if (run === undefined || run.attempt !== task.attempt) return { kind: 'run closed' };
  const row = await db
    .selectFrom('task_run')
    .select(['state', 'error', 'result'])
    .where(isOfTask(task))
    .executeTakeFirst();
  if (row !== undefined && isEnd(row.state)) return endedFrom(row);
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

/** Lets a try end that found nothing yet: the next one is no retry. */
export async function restTry(db: Db, tried: TaskTry): Promise<Ended> {
  const { numUpdatedRows } = await db
    .updateTable('task_run')
    .set({ state: 'up_for_reschedule', error: null })
    .where(isRunning(tried))
    .executeTakeFirst();
  return numUpdatedRows > 0n ? 'ended' : 'lost';
}

async function endTry(
  db: Db,
  tried: TaskTry,
  state: 'failed' | 'up_for_retry' | 'skipped',
  error: string,
): Promise<Ended> {
  const { numUpdatedRows } = await db
    .updateTable('task_run')
    .set({
      ...{ state, error, ended_at: sql<Date>`clock()` },
      failures: state === 'skipped' ? sql<number>`failures` : sql<number>`failures + 1`,
    })
    .where(isRunning(tried))
    .executeTakeFirst();
  return numUpdatedRows > 0n ? 'ended' : 'lost';
}

/**
 * A try that is found running after its time-out lost its worker before that could say so, or its code keeps the worker from saying
 * anything. Nobody can tell, so a few of them are taken as lost; more count as failures, or such code would run for ever.
 */
const forgivenSilentTries = 2;

type NextTry = Pick<TaskRunRow, 'try' | 'failures' | 'heartbeat_details'> & {
  readonly started_at: Date;
} & BegunRun;

/**
 * Writes the try down if the run is open and the task has not ended, and marks the run as running with its first one. The lock on
 * the run keeps it from being closed meanwhile.
 */
async function nextTry(
  db: Db,
  { dagId, runId, attempt, taskId, mapIndex = -1, timeoutMs, worker }: TaskToTry,
): Promise<NextTry | undefined> {
  const isSilent = sql`coalesce(
    (t.state = 'running' and t.try_started_at + ${timeoutMs}::float8 * interval '1 millisecond' <= clock())::int, 0
  )`;
  const { rows } = await sql<NextTry>`
    with open_run as (
      select * from run where dag_id = ${dagId} and run_id = ${runId} and attempt = ${attempt} and state in ('queued', 'running')
      for no key update
    ), started as (
      update run set state = 'running', started_at = clock() from open_run
      where run.dag_id = open_run.dag_id and run.run_id = open_run.run_id and open_run.state = 'queued'
    ), tried as (
      insert into task_run as t (dag_id, run_id, attempt, task_id, map_index, state, try, started_at, try_started_at, worker)
      select dag_id, run_id, attempt, ${taskId}, ${mapIndex}::int, 'running', 1, clock(), clock(), ${worker} from open_run
      on conflict (dag_id, run_id, attempt, task_id, map_index) do update set
        state = 'running', try = t.try + 1, try_started_at = clock(), ended_at = null, worker = excluded.worker,
        progress = null, progress_note = null,
        silent_tries = t.silent_tries + ${isSilent}, failures = t.failures + case
          when t.silent_tries >= ${forgivenSilentTries} then ${isSilent} else 0 end
      where t.state = any(${openTaskStates}::text[])
      returning try, failures, heartbeat_details, started_at
    )
    select try, failures, heartbeat_details, tried.started_at, trigger, conf, queued_at, logical_at, data_interval_start_at, data_interval_end_at, partition_key,
      ${ticksOf('open_run')} as ticks, ${missingOf('open_run')} as missing
    from tried, open_run`.execute(db);
  return rows[0];
}

function endedFrom({ state, error, result }: Pick<TaskRunRow, 'state' | 'error' | 'result'>): EndedTask {
  return {
    kind: 'ended',
    state: state === 'success' || state === 'skipped' ? state : 'failed',
    error,
    result,
  };
}
