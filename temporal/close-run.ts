import { closeRun as writeClosing, type RunClosing } from '../store/runs.ts';
import type { Deps } from './deps.ts';

/** Closes a run's row; its consumer, which gets the slot back, is told behind the answer. May be repeated. */
export async function closeRun({ db, closedRuns }: Deps, closing: RunClosing): Promise<void> {
  await writeClosing(db, closing);
  closedRuns.report(closing.dagId, closing.runId);
}
