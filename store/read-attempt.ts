import { TidegateError } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import type { RunPlan, TaskEnd, TaskEnds } from '../core/run-plan.ts';
import { choiceOf, skippedBy } from '../core/task-shape.ts';
import { readDefinition } from './claim.ts';
import type { Db } from './database.ts';
import { endsOf } from './ended-tasks.ts';
import { readRun, type RunAttempt } from './runs.ts';
import { isOfAttempt } from './task-rows.ts';

/** What a later attempt of a run goes on from. */
export interface ReadAttempt {
  /** That of the run, whatever is deployed now. */
  readonly plan: RunPlan;
  /** How the tasks ended that do not run again. */
  readonly ends: TaskEnds;
}

/**
 * Reads what a later attempt executes, and what it keeps of those before it.
 * @throws TidegateError `unknown_run` when there is no such run, or it was not let in
 */
export async function readAttempt(db: Db, { dagId, runId, attempt }: RunAttempt): Promise<ReadAttempt> {
  const run = await readRun(db, dagId, runId);
  const version = run?.version ?? null;
  const plan = version === null ? null : (await readDefinition(db, dagId, version)).plan;
  if (plan === null) {
    throw new TidegateError('unknown_run', `DAG ${dagId} has no run ${runId} that was let in`);
  }
  const rows = await db
    .selectFrom('task_run')
    .select(['task_id', 'map_index', 'state', 'try', 'is_marked'])
    .select((of) => of.case().when('map_index', '=', -1).then(of.ref('result')).end().as('result'))
    .where(isOfAttempt({ dagId, runId, attempt }))
    // Whatever else there is, this attempt has done itself.
    .where('ran_in', 'is not', null)
    .execute();
  const again = await readTasksAgain(db, { dagId, runId, attempt });
  const kept = endsOf(
    rows.filter(({ task_id }) => !again.includes(task_id)),
    plan.tasks,
  );
  const ends: Record<TaskId, TaskEnd> = {};
  for (const [taskId, { end }] of kept) ends[taskId] = end;
  // What a task chose that is kept holds for what runs again behind it.
  for (const { id, shape } of plan.tasks) {
    if (ends[id] !== 'success') continue;
    const { choice } = choiceOf(shape, rows.find(({ task_id }) => task_id === id)?.result);
    if (choice !== undefined) Object.assign(ends, skippedBy(plan, id, choice));
  }
  return { plan, ends };
}

/** Tasks that run again in an attempt, of which instances may be kept. */
async function readTasksAgain(db: Db, { dagId, runId, attempt }: RunAttempt): Promise<readonly TaskId[]> {
  const row = await db
    .selectFrom('run_attempt')
    .select('tasks')
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    .executeTakeFirst();
  return row?.tasks ?? [];
}
