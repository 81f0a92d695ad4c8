import type { TaskPlan } from '../core/run-plan.ts';
import type { RunAttempt } from '../store/runs.ts';
import { failUnstarted as writeFailed } from '../store/task-ends.ts';
import { readEnded } from '../store/task-runs.ts';
import type { Deps } from '../temporal/deps.ts';
import { resultOfEnd, type TaskResult } from './run-task.ts';

/** A task that no worker took in time. */
export interface UnstartedTask extends RunAttempt {
  readonly task: Pick<TaskPlan, 'id' | 'shape' | 'taskQueue' | 'startTimeoutMs'>;
  /** Which instance of a mapped task; absent of a task that is not mapped. */
  readonly mapIndex?: number;
}

/** Lets it fail. A try before may have ended it, and its worker have died before it could say so: then it stays as it ended. */
export async function failUnstarted(
  { db }: Pick<Deps, 'db'>,
  { task: { id, shape, taskQueue, startTimeoutMs = 0 }, ...of }: UnstartedTask,
): Promise<TaskResult | undefined> {
  const one = { ...of, taskId: id };
  const queue = taskQueue === null ? "the project's task queue" : `task queue '${taskQueue}'`;
  const error = `no worker took it within its startTimeout of ${startTimeoutMs / 1_000} s: start one that works on ${queue}, or more of them`;
  await writeFailed(db, one, error);
  const ended = await readEnded(db, one);
  if (ended?.kind !== 'ended' || ended.state === 'failed') return undefined;
  return resultOfEnd(ended.state, ended.result, shape);
}
