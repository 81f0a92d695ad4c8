import type { DagId } from '../core/ids.ts';
import { noteNextTime } from '../store/missed-times.ts';
import { requestRun as writeRequest, type Requested, type RunRequest } from '../store/requests.ts';
import { requestTick as writeTick, type Tick } from '../store/ticks.ts';
import type { Deps } from './deps.ts';
import { nextTimes, withPrevious } from './schedule-times.ts';

/**
 * Writes a requested run; its consumer, which lets it in as slots allow, is told behind the answer. A Temporal outage delays the
 * run, no more.
 */
export async function requestRun({ db, requestedRuns }: Deps, request: RunRequest): Promise<Requested> {
  const requested = await writeRequest(db, request);
  if (isWaiting(requested)) requestedRuns.report(request.dagId);
  return requested;
}

/** Requests the run of a time of a schedule; the same time twice is one run. */
export async function requestTick(deps: Deps, dagId: DagId, tick: Tick): Promise<void> {
  const { db, requestedRuns, log } = deps;
  const requested = await writeTick(db, dagId, tick);
  if (isWaiting(requested)) requestedRuns.report(dagId);
  if (requested.kind === 'full') log.warn('time without a run: the queue is full', { dagId, ...tick });
  if (requested.kind === 'in flight')
    log.info('time skipped: a run of its key goes on', { dagId, ...tick, runId: requested.runId });
}

function isWaiting({ kind }: Requested): boolean {
  return kind === 'requested' || kind === 'exists' || kind === 'folded';
}

/** Requests the run of a time that has come, and notes which one comes next. */
export async function passTick(deps: Deps, dagId: DagId, nominalAt: number): Promise<void> {
  const { db, temporal, clock } = deps;
  for (const tick of await withPrevious(temporal, dagId, [nominalAt])) await requestTick(deps, dagId, tick);
  const [nextAt = null] = await nextTimes(temporal, dagId, { after: clock(), most: 1 });
  await noteNextTime(db, dagId, nextAt);
}
