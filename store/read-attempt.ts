import { TidegateError } from '../core/errors.ts';
import type { RunPlan, TaskEnds } from '../core/run-plan.ts';
import { readDefinition } from './claim.ts';
import type { Db } from './database.ts';
import { isEnd } from './ended-tasks.ts';
import { readRun, type RunAttempt } from './runs.ts';

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
  const kept = await db
    .selectFrom('task_run')
    .select(['task_id', 'state'])
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .where('attempt', '=', attempt)
    // Whatever else there is, this attempt has done itself.
    .where('ran_in', 'is not', null)
    .execute();
  const ends = kept.flatMap(({ task_id, state }) => (isEnd(state) ? [[task_id, state] as const] : []));
  return { plan, ends: Object.fromEntries(ends) };
}
