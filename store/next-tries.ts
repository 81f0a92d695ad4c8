import { sql } from 'kysely';
import type { Db } from './database.ts';
import { missingOf } from './deadlines.ts';
import { prepared } from './prepared.ts';
import { openTaskStates, type RunRow, type TaskRunRow } from './run-tables.ts';
import type { RunAttempt } from './runs.ts';
import type { TaskOfRun } from './task-rows.ts';
import { ticksOf } from './ticks.ts';

/** A task of an attempt, or an instance of it, as its workflow asks for it. */
export interface TaskToTry extends Pick<TaskOfRun, 'taskId' | 'mapIndex'> {
  /** Longest one try may take. */
  readonly timeoutMs: number | null;
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

/** A try that began. */
export type NextTry = Pick<TaskRunRow, 'failures' | 'heartbeat_details'> & {
  readonly number: number;
  /** When the first try of the task began. */
  readonly started_at: Date;
} & BegunRun;

/**
 * A try that is found running after its time-out lost its worker before that could say so, or its code keeps the worker from saying
 * anything. Nobody can tell, so a few of them are taken as lost; more count as failures, or such code would run for ever.
 */
const forgivenSilentTries = 2;

/** Whether the row `t` is of a try whose time is over, as 0 or 1. */
const isSilent = sql`coalesce((t.state = 'running' and t.try_started_at + (
  select timeout_ms from asked where (asked.task_id, asked.map_index) = (t.task_id, t.map_index)
) * interval '1 millisecond' <= clock())::int, 0)`;

/**
 * Writes tries down if their run is open and of those the ones whose task has not ended, and marks the run as running with its first one.
 * The lock on the run keeps it from being closed meanwhile.
 * @param tasks - each at most once
 * @returns what began of each, in their order; `undefined` of those that did not
 */
export async function nextTries(
  db: Db,
  { dagId, runId, attempt }: RunAttempt,
  worker: string,
  tasks: readonly TaskToTry[],
): Promise<readonly (NextTry | undefined)[]> {
  const { rows } = await sql<NextTry & { readonly place: number }>`
    with asked as (
      select * from unnest(
        ${tasks.map(({ taskId }) => taskId)}::text[], ${tasks.map(({ mapIndex = -1 }) => mapIndex)}::int[],
        ${tasks.map(({ timeoutMs }) => timeoutMs)}::float8[]
      ) with ordinality as a (task_id, map_index, timeout_ms, place)
    ), open_run as (
      select * from run where dag_id = ${dagId} and run_id = ${runId} and attempt = ${attempt} and state in ('queued', 'running')
      for no key update
    ), started as (
      update run set state = 'running', started_at = clock() from open_run
      where run.dag_id = open_run.dag_id and run.run_id = open_run.run_id and open_run.state = 'queued'
    ), tried as (
      insert into task_run as t (dag_id, run_id, attempt, task_id, map_index, state, try, started_at, try_started_at, worker)
      select dag_id, run_id, attempt, task_id, map_index, 'running', 1, clock(), clock(), ${worker}::text from open_run cross join asked
      on conflict (dag_id, run_id, attempt, task_id, map_index) do update set
        state = 'running', try = t.try + 1, try_started_at = clock(), ended_at = null, worker = excluded.worker,
        progress = null, progress_note = null,
        silent_tries = t.silent_tries + ${isSilent}, failures = t.failures + case
          when t.silent_tries >= ${forgivenSilentTries} then ${isSilent} else 0 end
      where t.state = any(${openTaskStates}::text[])
      returning task_id, map_index, try, failures, heartbeat_details, started_at
    )
    select place::int, tried.try as number, failures, heartbeat_details, tried.started_at, trigger, conf, queued_at, logical_at,
      data_interval_start_at, data_interval_end_at, partition_key,
      ${ticksOf('open_run')} as ticks, ${missingOf('open_run')} as missing
    from tried join asked using (task_id, map_index) cross join open_run ${prepared}`.execute(db);
  const begun = new Map(rows.map(({ place, ...row }) => [place, row]));
  return tasks.map((_, index) => begun.get(index + 1));
}
