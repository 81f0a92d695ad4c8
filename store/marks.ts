import { sql } from 'kysely';
import { indexesToMark } from '../core/clearing-instances.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { TidegateError } from '../core/errors.ts';
import { type DagId, quote, type RunId, type TaskId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { isEnd, readEndedAttempt } from './ended-tasks.ts';
import type { Tx } from './log.ts';
import { holdRun, isEndedRun } from './runs.ts';
import { type EndedRunState, type MarkedState, type RunState } from './run-tables.ts';
import { readRunTasks } from './task-queries.ts';
import { isOfAttempt } from './task-rows.ts';

/** What somebody says of a run, or of a task of it. */
interface Mark {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly who: string;
  readonly note: string | null;
}

export interface RunMark extends Mark {
  readonly state: EndedRunState;
}

export interface TaskMark extends Mark {
  readonly taskId: TaskId;
  /** Which instance of a mapped task; absent is the task as a whole. */
  readonly mapIndex?: number | undefined;
  readonly state: MarkedState;
}

/** What became of a mark; `stopping` is a run that gets the state once its tasks have stopped. */
export type MarkedRun =
  | { readonly kind: 'marked' }
  | { readonly kind: 'stopping'; readonly attempt: number }
  | { readonly kind: 'unknown' };

export type MarkedTask =
  | { readonly kind: 'marked' }
  /** Its run goes on, and is to be told. */
  | { readonly kind: 'telling'; readonly attempt: number }
  /** Its run has no slot yet, or the task has ended while the run goes on. */
  | { readonly kind: 'open'; readonly state: RunState }
  /** Its run goes on, and its instances may have begun. */
  | { readonly kind: 'mapped' }
  | { readonly kind: 'unknown' };

/** Gives a run a state by hand, and keeps who did. It records no asset events. One that has the state already stays as it is. */
export async function markRun(db: Db, mark: RunMark): Promise<MarkedRun> {
  const { dagId, runId, state, who } = mark;
  return db.transaction().execute(async (tx): Promise<MarkedRun> => {
    const run = await holdRun(tx, dagId, runId);
    if (run === undefined) return { kind: 'unknown' };
    const reason = `marked ${state} by ${who}`;
    const isEnded = isEndedRun(run);
    if ((isEnded ? run.state : run.wanted_state) !== state) {
      await noteMark(tx, mark, { attempt: run.attempt, taskId: null, was: run.state, wasReason: run.reason });
      await tx
        .updateTable('run')
        .set(isEnded ? { state, reason } : { wanted_state: state, wanted_reason: reason })
        .where('dag_id', '=', dagId)
        .where('run_id', '=', runId)
        .execute();
    }
    return isEnded ? { kind: 'marked' } : { kind: 'stopping', attempt: run.attempt };
  });
}

/**
 * Gives a task a state by hand, and keeps who did. It records no asset events. A run that has ended keeps its own state; one that goes on takes a task that has not
 * ended as ended so: what the task still does is lost.
 * @throws TidegateError `unknown_task` with the nearest name, or for an instance that is not there; `invalid_input` and `run_conflict` for one of a task that has none
 */
export async function markTask(db: Db, mark: TaskMark): Promise<MarkedTask> {
  const { dagId, runId, taskId, mapIndex, state } = mark;
  return db.transaction().execute(async (tx): Promise<MarkedTask> => {
    const run = await holdRun(tx, dagId, runId);
    if (run === undefined) return { kind: 'unknown' };
    const isEnded = isEndedRun(run);
    if (!isEnded && run.admitted_at === null) return { kind: 'open', state: run.state };
    const tasks = await readRunTasks(tx, dagId, run.version);
    const task = tasks.find(({ id }) => id === taskId);
    if (task === undefined) throw unknownTask(mark, tasks);
    if (!isEnded && task.shape?.kind === 'mapped') return { kind: 'mapped' };
    const of = { dagId, runId, attempt: run.attempt };
    const rows = await tx
      .selectFrom('task_run')
      .select(['map_index', 'state', 'error'])
      .where(isOfAttempt(of))
      .where('task_id', '=', taskId)
      .execute();
    if (!isEnded && rows.some((row) => row.state !== state && isEnd(row.state)))
      return { kind: 'open', state: run.state };
    const isMapped = task.shape?.kind === 'mapped';
    const { instances } = isMapped ? await readEndedAttempt(tx, of, tasks) : { instances: undefined };
    const asked = indexesToMark(task, instances?.get(taskId), mapIndex);
    const before = new Map(rows.map((row) => [row.map_index, row]));
    const indexes = asked.filter((index) => before.get(index)?.state !== state);
    if (indexes.length === 0) return { kind: 'marked' };
    const was = indexes.map((index) => before.get(index)).find((row) => row !== undefined);
    await noteMark(tx, mark, {
      ...{ attempt: run.attempt, taskId, mapIndex, was: was?.state ?? null, wasReason: was?.error ?? null },
      isUntold: !isEnded,
    });
    await writeTaskMark(tx, { ...mark, attempt: run.attempt }, indexes);
    return isEnded ? { kind: 'marked' } : { kind: 'telling', attempt: run.attempt };
  });
}

async function writeTaskMark(
  tx: Tx,
  { dagId, runId, attempt, taskId, state, who }: TaskMark & { readonly attempt: number },
  indexes: readonly number[],
): Promise<void> {
  const error = state === 'success' ? null : `marked ${state} by ${who}`;
  await sql`
    insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, ended_at, error, is_marked)
    select ${dagId}, ${runId}, ${attempt}, ${taskId}, map_index, ${state}, clock(), ${error}, true
    from unnest(${indexes}::int[]) as map_index
    on conflict (dag_id, run_id, attempt, task_id, map_index) do update set
      state = excluded.state, ended_at = coalesce(task_run.ended_at, excluded.ended_at), error = excluded.error, is_marked = true`.execute(
    tx,
  );
}

async function noteMark(
  tx: Tx,
  { dagId, runId, who, note, state }: Mark & { readonly state: MarkedState },
  before: {
    readonly attempt: number;
    readonly taskId: TaskId | null;
    readonly mapIndex?: number | undefined;
    readonly was: string | null;
    readonly wasReason: string | null;
    readonly isUntold?: boolean;
  },
): Promise<void> {
  await tx
    .insertInto('mark')
    .values({
      ...{ dag_id: dagId, run_id: runId, attempt: before.attempt, task_id: before.taskId },
      ...{ map_index: before.mapIndex ?? null, who, note },
      ...{ was: before.was, was_reason: before.wasReason, became: state },
      is_untold: before.isUntold === true,
    })
    .execute();
}

function unknownTask(
  { dagId, runId, taskId }: TaskMark,
  tasks: readonly { readonly id: TaskId }[],
): TidegateError {
  const known = tasks.map(({ id }) => id);
  return new TidegateError(
    'unknown_task',
    `run ${runId} of DAG ${dagId} has no task ${quote(taskId)}: ${didYouMean(taskId, known)}`,
  );
}
