import { closeRun as writeClosing, type RunClosing } from '../store/runs.ts';
import type { Deps } from './deps.ts';

/**
 * Closes a run's row; its consumer, which gets the slot back, is told behind the answer. May be repeated.
 * @returns whether it was open
 */
export async function closeRun({ db, closedRuns }: Deps, closing: RunClosing): Promise<boolean> {
  const wasOpen = await writeClosing(db, closing);
  closedRuns.report(closing.dagId, closing.runId);
  return wasOpen;
}
