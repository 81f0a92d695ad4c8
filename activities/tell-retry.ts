import { log } from '@temporalio/activity';
import { maxToldErrorLength } from '../core/callback.ts';
import { runWorkflowId } from '../core/workflow-names.ts';
import type { TaskTry } from '../store/recording.ts';
import type { Deps } from '../temporal/deps.ts';
import { tellRun } from '../temporal/tell-run.ts';

/** Tells a run that a try failed behind which there is another; one that cannot be told misses it, and the task goes on. */
export async function tellRetry(deps: Pick<Deps, 'temporal'>, tried: TaskTry, error: string): Promise<void> {
  const { dagId, runId, attempt, taskId, mapIndex = -1, try: number } = tried;
  try {
    const told = { taskId, mapIndex, try: number, error: error.slice(0, maxToldErrorLength) };
    await tellRun(deps.temporal, runWorkflowId(dagId, runId, attempt), told);
  } catch (failure) {
    log.warn('run not told of a retry', { dagId, runId, taskId, error: String(failure) });
  }
}
