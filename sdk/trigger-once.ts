import type { JsonObject } from '../core/json.ts';
import { NonRetryable } from './retry-errors.ts';
import type { TaskContext, TriggeredRun } from './task-context.ts';

/**
 * Starts the run of a task that triggers one, or looks how it is. @returns `false` while it is to be waited for
 * @throws NonRetryable when it failed, or its DAG is not there
 */
export async function triggerOnce(
  { triggerRun, log }: Pick<TaskContext<object>, 'triggerRun' | 'log'>,
  { dagId, conf, wait }: { readonly dagId: string; readonly conf: JsonObject; readonly wait: boolean },
): Promise<TriggeredRun | false> {
  const run = await triggerRun(dagId, conf);
  if (run.isNew) log.info('run triggered', { dagId, runId: run.runId });
  if (wait && run.state === 'failed')
    throw new NonRetryable(
      `run ${run.runId} of DAG ${dagId} failed${run.reason === null ? '' : `: ${run.reason}`}`,
    );
  return wait && run.state !== 'success' ? false : run;
}
