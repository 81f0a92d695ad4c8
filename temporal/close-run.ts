import type { DagId, RunId } from '../core/ids.ts';
import { closeRun as writeClosing, markCloseReported, type RunClosing } from '../store/runs.ts';
import { runClosedSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';

/** Closes a run's row and gives its slot back; each step may be repeated. */
export async function closeRun(deps: Deps, closing: RunClosing): Promise<void> {
  await writeClosing(deps.db, closing);
  await reportClosed(deps, closing.dagId, closing.runId);
}

/** Tells the consumer that a run was closed, and notes that it was told. */
export async function reportClosed({ db, temporal }: Deps, dagId: DagId, runId: RunId): Promise<void> {
  await signalConsumer(temporal, dagId, runClosedSignal, [runId]);
  await markCloseReported(db, { dagId, runId });
}
