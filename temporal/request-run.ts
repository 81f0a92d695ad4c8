import type { DagId } from '../core/ids.ts';
import { requestRun as writeRequest, type Requested, type RunRequest } from '../store/runs.ts';
import { requestTick as writeTick } from '../store/ticks.ts';
import type { Deps } from './deps.ts';

/**
 * Writes a requested run; its consumer, which lets it in as slots allow, is told behind the answer. A Temporal outage delays the
 * run, no more.
 */
export async function requestRun({ db, requestedRuns }: Deps, request: RunRequest): Promise<Requested> {
  const requested = await writeRequest(db, request);
  if (requested !== 'removed') requestedRuns.report(request.dagId);
  return requested;
}

/** Requests the run of a schedule's nominal time; the same tick twice is one run. */
export async function requestTick(
  { db, requestedRuns }: Deps,
  dagId: DagId,
  nominalAt: number,
): Promise<void> {
  const requested = await writeTick(db, dagId, nominalAt);
  if (requested !== 'removed') requestedRuns.report(dagId);
}
