import { TidegateError } from '../core/errors.ts';
import { parseDagId, quote, runIdOfTask } from '../core/ids.ts';
import { toStorableJson } from '../core/json.ts';
import type { TriggerRun } from '../sdk/index.ts';
import { readRun } from '../store/runs.ts';
import type { Deps } from '../temporal/deps.ts';
import { inFlight } from '../temporal/in-flight.ts';
import { requestRun } from '../temporal/request-run.ts';
import type { RunTask } from './run-task.ts';

/** Starts runs for one try of a task. */
export function createTriggerRun(deps: Deps, task: RunTask): TriggerRun {
  let calls = 0;
  return async (id, conf = {}) => {
    calls += 1;
    const dagId = parseDagId(id);
    const { dagId: ownDag, runId: ownRun, attempt, taskId, mapIndex = -1 } = task;
    const runId = runIdOfTask(taskId, JSON.stringify([ownDag, ownRun, attempt, taskId, mapIndex, calls]));
    const requested = await requestRun(deps, {
      ...{ dagId, runId, trigger: 'manual', conf: toStorableJson(conf, 'conf') },
      note: `triggered by task ${taskId} of ${ownDag} ${ownRun}`,
      ...{ logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null },
    });
    if (requested.kind === 'removed')
      throw new TidegateError(
        'unknown_dag',
        `DAG ${quote(id)} is not deployed: deploy it, or correct its id`,
      );
    if (requested.kind === 'full')
      throw new TidegateError(
        'queue_full',
        `DAG ${quote(id)} has as many runs waiting as its maxQueuedRuns allows: try again later, or raise the limit`,
      );
    if (requested.kind === 'in flight') throw inFlight(dagId, requested);
    const own = requested.kind === 'folded' ? requested.runId : runId;
    const run = await readRun(deps.db, dagId, own);
    const { state = 'queued', reason = null } = run ?? {};
    return { dagId, runId: own, state, reason, isNew: requested.kind === 'requested' };
  };
}
