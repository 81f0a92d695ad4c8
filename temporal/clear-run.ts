import { type AttemptRequest, openAttempt, type OpenedAttempt } from '../store/attempts.ts';
import type { Deps } from './deps.ts';

/**
 * Opens the next attempt of a run that has ended; its consumer, which lets it in as slots allow, is told behind the answer. A Temporal
 * outage delays the attempt, no more.
 * @throws TidegateError `unknown_task`, `run_conflict`
 */
export async function clearRun({ db, requestedRuns }: Deps, request: AttemptRequest): Promise<OpenedAttempt> {
  const opened = await openAttempt(db, request);
  if (opened.kind === 'opened' || opened.kind === 'already') requestedRuns.report(request.dagId);
  return opened;
}
