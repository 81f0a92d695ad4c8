import type { DagId } from '../core/ids.ts';
import { noteDeadline as writeNote } from '../store/deadlines.ts';
import { deadlineSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';

/** Writes down that a deadline came, then tells the consumer, which decides it; the same deadline twice is one. */
export async function noteDeadline({ db, temporal }: Deps, dagId: DagId, dueAt: number): Promise<void> {
  if (await writeNote(db, dagId, dueAt)) await signalConsumer(temporal, dagId, deadlineSignal, [dueAt]);
}
