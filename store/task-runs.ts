import { sql } from 'kysely';
import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import { isEnd } from './ended-tasks.ts';
import { Grouped } from './grouped.ts';
import { type BegunRun, type NextTry, nextTries, type TaskToTry } from './next-tries.ts';
import type { TaskTry } from './recording.ts';
import { readRun, type RunAttempt } from './runs.ts';
import type { TaskRunRow } from './run-tables.ts';
import { isOfTask, isRunning, type TaskOfRun } from './task-rows.ts';

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

/** Most tries that begin in one statement. */
const maxGroup = 100;
/** A task that begins alone begins at once; where many do, some share a statement, and so most of its cost. */
const pauseMs = 5;

type TriesOfAttempt = Grouped<TaskToTry, NextTry | undefined>;

/**
 * Begins tries on one worker. Those of one attempt of a run that are asked for while one statement is under way share the next one; those
 * of several runs never do, as a run that is locked would hold up the others.
 */
export class Tries {
  readonly #db: Db;
  readonly #worker: string;
  readonly #ofAttempts = new Map<string, TriesOfAttempt>();

  /** @param worker - name of the worker, for the rows of its tries */
  constructor(db: Db, worker: string) {
    this.#db = db;
    this.#worker = worker;
  }

  /** Begins the next try of a task; every earlier try can no longer end it. */
  async begin(task: RunAttempt & TaskToTry): Promise<Begun> {
    const begun = await this.#of(task).ask(task);
    if (begun === undefined) return (await readEnded(this.#db, task)) ?? { kind: 'run closed' };
    const { number, failures, heartbeat_details: heartbeatDetails, started_at: startedAt, ...run } = begun;
    return { kind: 'begun', try: number, failures, heartbeatDetails, startedAt, run };
  }

  #of({ dagId, runId, attempt }: RunAttempt): TriesOfAttempt {
    const key = `${dagId}/${runId}/${attempt}`;
    const known = this.#ofAttempts.get(key);
    if (known !== undefined) return known;
    const grouped: TriesOfAttempt = new Grouped({
      write: (tasks) => nextTries(this.#db, { dagId, runId, attempt }, this.#worker, tasks),
      sizeOf: ({ length }) => Math.min(length, maxGroup),
      pauseMs,
      onIdle: () => this.#ofAttempts.delete(key),
    });
    this.#ofAttempts.set(key, grouped);
    return grouped;
  }
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

function endedFrom({ state, error, result }: Pick<TaskRunRow, 'state' | 'error' | 'result'>): EndedTask {
  return {
    kind: 'ended',
    state: state === 'success' || state === 'skipped' ? state : 'failed',
    error,
    result,
  };
}
