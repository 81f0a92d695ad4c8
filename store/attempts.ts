import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { clearTasks, type TaskClearing } from '../core/clearing-tasks.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { TaskWish } from '../core/task-wish.ts';
import type { Db } from './database.ts';
import { readEndedAttempt } from './ended-tasks.ts';
import { findFlightAgain } from './flight-requests.ts';
import type { Tx } from './log.ts';
import { lockRequests, readRequestTerms } from './request-terms.ts';
import { holdDag, holdRun, isEndedRun } from './runs.ts';
import type { AttemptReason, RunRow, RunState } from './run-tables.ts';
import { readRunTasks } from './task-queries.ts';
import { isOfAttempt } from './task-rows.ts';

/** What somebody wants to run again of a run that has ended. */
export interface AttemptWish {
  readonly dagId: DagId;
  readonly runId: RunId;
  /** The attempt that whoever asks has seen; absent is whichever there is. */
  readonly seen?: number | undefined;
  readonly wish: TaskWish;
}

export interface AttemptRequest extends AttemptWish {
  readonly who: string;
  readonly why: AttemptReason;
}

/** Why a run cannot run again now. */
export type AttemptRefused =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'removed' }
  /** It has not ended. */
  | { readonly kind: 'open'; readonly state: RunState; readonly attempt: number }
  /** It was run again since it was seen. */
  | { readonly kind: 'other'; readonly attempt: number }
  /** Another one of its key goes on or waits. */
  | { readonly kind: 'in flight'; readonly runId: RunId; readonly key: string };

/** What would run again, and in which attempt. */
export interface AttemptPlan extends TaskClearing {
  readonly kind: 'ready';
  readonly attempt: number;
}

/** What became of a request for another attempt; `already` is the same request once more. */
export type OpenedAttempt =
  | (Omit<AttemptPlan, 'kind'> & { readonly kind: 'opened' })
  | (Omit<AttemptPlan, 'kind' | 'kept'> & { readonly kind: 'already' })
  | AttemptRefused;

/**
 * Says what another attempt would do, and does nothing.
 * @throws TidegateError `unknown_task`, `run_conflict`
 */
export async function planAttempt(db: Db, wish: AttemptWish): Promise<AttemptPlan | AttemptRefused> {
  return db.transaction().execute(async (tx) => {
    const held = await holdEnded(tx, wish);
    if (held.kind !== 'held') return held;
    const flight = await judgeAttempt(tx, held.run);
    return flight.kind === 'take' ? planOf(tx, held.run, wish.wish) : flight;
  });
}

/**
 * Opens the next attempt of a run that has ended: it is queued again, keeps its events, and its consumer lets it in like any requested run.
 * The same request once more opens nothing.
 * @throws TidegateError `unknown_task`, `run_conflict`
 */
export async function openAttempt(db: Db, request: AttemptRequest): Promise<OpenedAttempt> {
  return db.transaction().execute(async (tx): Promise<OpenedAttempt> => {
    const held = await holdEnded(tx, request);
    if (held.kind === 'open' || held.kind === 'other') return (await repeated(tx, request, held)) ?? held;
    if (held.kind !== 'held') return held;
    const { run } = held;
    const flight = await judgeAttempt(tx, run);
    if (flight.kind !== 'take') return flight;
    const { kind: _, ...plan } = await planOf(tx, run, request.wish);
    await noteAttempt(tx, request, plan);
    await keepTasks(tx, run, plan);
    await queueAgain(tx, run, flight.key);
    return { kind: 'opened', ...plan };
  });
}

/** Holds a run that has ended as it is, and its DAG against a deploy that removes it. */
async function holdEnded(
  tx: Tx,
  { dagId, runId, seen }: AttemptWish,
): Promise<{ readonly kind: 'held'; readonly run: RunRow } | AttemptRefused> {
  const isDeployed = await holdDag(tx, dagId);
  const run = await holdRun(tx, dagId, runId);
  if (run === undefined) return { kind: 'unknown' };
  const { attempt, state } = run;
  if (seen !== undefined && seen !== attempt) return { kind: 'other', attempt };
  if (!isEndedRun(run)) return { kind: 'open', state, attempt };
  return isDeployed ? { kind: 'held', run } : { kind: 'removed' };
}

/** Whether it may run again beside what goes on and waits, and the key that it then holds. */
async function judgeAttempt(
  tx: Tx,
  run: RunRow,
): Promise<
  { readonly kind: 'take'; readonly key: string | null } | Extract<AttemptRefused, { kind: 'in flight' }>
> {
  const terms = await readRequestTerms(tx, run.dag_id);
  if (terms === null || terms.singleFlight === null) return { kind: 'take', key: null };
  await lockRequests(tx, run.dag_id);
  const { singleFlight } = terms;
  const verdict = await findFlightAgain(tx, run, { ...terms, singleFlight });
  const { key } = verdict;
  return verdict.kind === 'take' ? { kind: 'take', key } : { kind: 'in flight', runId: verdict.runId, key };
}

async function planOf(
  tx: Tx,
  run: Pick<RunRow, 'dag_id' | 'run_id' | 'attempt' | 'version'>,
  wish: TaskWish,
): Promise<AttemptPlan> {
  const { dag_id: dagId, run_id: runId, attempt, version } = run;
  const tasks = await readRunTasks(tx, dagId, version);
  const { ended, instances } = await readEndedAttempt(tx, { dagId, runId, attempt }, tasks);
  return { kind: 'ready', attempt: attempt + 1, ...clearTasks({ tasks }, ended, wish, instances) };
}

/** The request that the attempt there is was opened for, if it is this one. */
async function repeated(
  tx: Tx,
  { dagId, runId, seen, who, why, wish }: AttemptRequest,
  { attempt }: { readonly attempt: number },
): Promise<OpenedAttempt | undefined> {
  if (seen !== undefined && seen !== attempt - 1) return undefined;
  const row = await tx
    .selectFrom('run_attempt')
    .innerJoin('run', (on) =>
      on.onRef('run.dag_id', '=', 'run_attempt.dag_id').onRef('run.run_id', '=', 'run_attempt.run_id'),
    )
    .select(['who', 'why', 'wish', 'tasks', 'run.version'])
    .where('run_attempt.dag_id', '=', dagId)
    .where('run_attempt.run_id', '=', runId)
    .where('run_attempt.attempt', '=', attempt)
    .executeTakeFirst();
  const isSame = row?.who === who && row.why === why && isDeepStrictEqual(row.wish, wish);
  if (!isSame) return undefined;
  // What the attempt before left does not change any more.
  const { instances } = await planOf(
    tx,
    { dag_id: dagId, run_id: runId, version: row.version, attempt: attempt - 1 },
    wish,
  );
  return { kind: 'already', attempt, again: row.tasks, instances };
}

async function noteAttempt(
  tx: Tx,
  { dagId, runId, who, why, wish }: AttemptRequest,
  { attempt, again }: Omit<AttemptPlan, 'kind'>,
): Promise<void> {
  await sql`
    insert into run_attempt (dag_id, run_id, attempt, who, why, wish, tasks,
      last_state, last_reason, last_admitted_at, last_started_at, last_ended_at, is_last_reported)
    select dag_id, run_id, ${attempt}, ${who}, ${why}, ${JSON.stringify(wish)}::jsonb, ${JSON.stringify(again)}::jsonb,
      state, reason, admitted_at, started_at, ended_at, is_close_reported
    from run where dag_id = ${dagId} and run_id = ${runId}`.execute(tx);
}

/** What a task left goes on into the attempt in which it does not run: its end, its result, and where its log is. */
async function keepTasks(
  tx: Tx,
  { dag_id: dagId, run_id: runId, attempt }: RunRow,
  { kept, instances }: TaskClearing,
): Promise<void> {
  const partly = Object.entries<readonly number[]>(instances).flatMap(([taskId, indexes]) =>
    indexes.map((index) => ({ taskId, index })),
  );
  if (kept.length === 0 && partly.length === 0) return;
  await sql`
    insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, try, failures, silent_tries, started_at, try_started_at,
      ended_at, result, error, worker, progress, progress_note, heartbeat_details, ran_in, is_marked)
    select dag_id, run_id, attempt + 1, task_id, map_index, state, try, failures, silent_tries, started_at, try_started_at,
      ended_at, result, error, worker, progress, progress_note, heartbeat_details, coalesce(ran_in, attempt), is_marked
    from task_run
    where ${isOfAttempt({ dagId, runId, attempt })} and (
      task_id = any(${kept}::text[])
      or (task_id = any(${Object.keys(instances)}::text[]) and (task_id, map_index) not in (
        select * from unnest(${partly.map(({ taskId }) => taskId)}::text[], ${partly.map(({ index }) => index)}::int[])
      ))
    )`.execute(tx);
}

async function queueAgain(
  tx: Tx,
  { dag_id: dagId, run_id: runId, attempt }: RunRow,
  flightKey: string | null,
): Promise<void> {
  await tx
    .updateTable('run')
    .set({
      ...{ attempt: attempt + 1, state: 'queued', reason: null, is_owed: false, is_close_reported: false },
      ...{ admitted_at: null, workflow_seen_at: null, started_at: null, ended_at: null },
      ...{ wanted_state: null, wanted_reason: null, are_logs_pruned: false, flight_key: flightKey },
    })
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .execute();
}
