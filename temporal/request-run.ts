import { type DagId, runIdOfTick } from '../core/ids.ts';
import { requestRun as writeRequest, type RunRequest } from '../store/runs.ts';
import { runRequestedSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';

/** Writes a requested run and tells its consumer, which lets it in as slots allow. A Temporal outage delays it, no more. */
export async function requestRun(deps: Deps, request: RunRequest): Promise<'requested' | 'exists'> {
  const isNew = await writeRequest(deps.db, request);
  const { dagId, runId } = request;
  try {
    await signalConsumer(deps.temporal, dagId, runRequestedSignal, [runId]);
  } catch (error) {
    deps.log.warn('consumer not told of a requested run, a sweep will', {
      dagId,
      runId,
      error: String(error),
    });
  }
  return isNew ? 'requested' : 'exists';
}

/** Requests the run of a schedule's nominal time; the same tick twice is one run. */
export async function requestTick(deps: Deps, dagId: DagId, nominalAt: number): Promise<void> {
  const at = new Date(nominalAt);
  await requestRun(deps, {
    ...{ dagId, runId: runIdOfTick(nominalAt), trigger: 'scheduled', conf: '{}', note: null },
    ...{ logicalAt: at, dataIntervalStartAt: at, dataIntervalEndAt: at },
  });
}
