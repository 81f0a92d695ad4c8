import { sql } from 'kysely';
import { didYouMean } from '../core/did-you-mean.ts';
import { TidegateError } from '../core/errors.ts';
import { type DagId, quote, type RunId, type TaskId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { isEnd } from './ended-tasks.ts';
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
 * @throws TidegateError `unknown_task` with the nearest name
 */
export async function markTask(db: Db, mark: TaskMark): Promise<MarkedTask> {
  const { dagId, runId, taskId, state, who } = mark;
  return db.transaction().execute(async (tx): Promise<MarkedTask> => {
    const run = await holdRun(tx, dagId, runId);
    if (run === undefined) return { kind: 'unknown' };
    const isEnded = isEndedRun(run);
    if (!isEnded && run.admitted_at === null) return { kind: 'open', state: run.state };
    const tasks = await readRunTasks(tx, dagId, run.version);
    const task = tasks.find(({ id }) => id === taskId);
    if (task === undefined) throw unknownTask(mark, tasks);
    if (!isEnded && task.shape?.kind === 'mapped') return { kind: 'mapped' };
    const { attempt } = run;
    const rows = tx
      .selectFrom('task_run')
      .where(isOfAttempt({ dagId, runId, attempt }))
      .where('task_id', '=', taskId);
    const others = await rows.select(['state', 'error', 'map_index']).where('state', '<>', state).execute();
    const [before] = others;
    if (!isEnded && others.some((row) => isEnd(row.state))) return { kind: 'open', state: run.state };
    if (before === undefined && (await rows.select('state').executeTakeFirst()) !== undefined)
      return { kind: 'marked' };
    await noteMark(tx, mark, {
      ...{ attempt, taskId, was: before?.state ?? null, wasReason: before?.error ?? null },
      isUntold: !isEnded,
    });
    const error = state === 'success' ? null : `marked ${state} by ${who}`;
    await sql`
      insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, ended_at, error, is_marked)
      select ${dagId}, ${runId}, ${attempt}, ${taskId}, map_index, ${state}, clock(), ${error}, true
      from unnest(${before === undefined ? [-1] : others.map(({ map_index }) => map_index)}::int[]) as map_index
      on conflict (dag_id, run_id, attempt, task_id, map_index) do update set
        state = excluded.state, ended_at = coalesce(task_run.ended_at, excluded.ended_at), error = excluded.error, is_marked = true`.execute(
      tx,
    );
    return isEnded ? { kind: 'marked' } : { kind: 'telling', attempt };
  });
}

async function noteMark(
  tx: Tx,
  { dagId, runId, who, note, state }: Mark & { readonly state: MarkedState },
  before: {
    readonly attempt: number;
    readonly taskId: TaskId | null;
    readonly was: string | null;
    readonly wasReason: string | null;
    readonly isUntold?: boolean;
  },
): Promise<void> {
  await tx
    .insertInto('mark')
    .values({
      ...{ dag_id: dagId, run_id: runId, attempt: before.attempt, task_id: before.taskId, who, note },
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
