import { slotOf } from '../core/slot.ts';
import { closeRun as writeClosing, type RunClosing } from '../store/runs.ts';
import type { Deps } from './deps.ts';

/**
 * Closes a run's row. Its consumer, which gets the slot back, and those of what it updated are told behind the answer. May be repeated.
 * @returns whether it was open
 */
export async function closeRun({ db, closedRuns, dispatcher }: Deps, closing: RunClosing): Promise<boolean> {
  const { wasOpen, subscribers } = await writeClosing(db, closing);
  dispatcher.notify(subscribers);
  closedRuns.report(closing.dagId, slotOf(closing.runId, closing.attempt));
  return wasOpen;
}
