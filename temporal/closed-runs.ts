import type { DagId } from '../core/ids.ts';
import type { Slot } from '../core/slot.ts';
import type { Db } from '../store/database.ts';
import { markCloseReported } from '../store/runs.ts';
import { runClosedSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Log, Temporal } from './deps.ts';
import { OneAtATime } from './one-at-a-time.ts';

/** Most runs of one signal. */
const maxAtOnce = 500;

/**
 * Tells consumers which of their runs were closed, many at a time under load, and notes that they were told. What a process that dies
 * has not told, a sweep tells.
 */
export class ClosedRuns {
  readonly #closed = new Map<DagId, Set<Slot>>();
  readonly #telling: OneAtATime<DagId>;

  constructor({ db, temporal, log }: { readonly db: Db; readonly temporal: Temporal; readonly log: Log }) {
    this.#telling = new OneAtATime({
      act: async (dagId) => {
        const closed = this.#closed.get(dagId);
        while (closed !== undefined && closed.size > 0) {
          const slots = [...closed].slice(0, maxAtOnce);
          await signalConsumer(temporal, dagId, runClosedSignal, [slots]);
          await markCloseReported(db, dagId, slots);
          for (const slot of slots) closed.delete(slot);
        }
        this.#closed.delete(dagId);
      },
      onFailure: (dagId, failure) =>
        log.warn('closed runs not reported, will be tried again', { dagId, ...failure }),
    });
  }

  /** Returns at once. Told late, or twice, it frees no other attempt's slot. */
  report(dagId: DagId, slot: Slot): void {
    const closed = this.#closed.get(dagId);
    if (closed === undefined) this.#closed.set(dagId, new Set([slot]));
    else closed.add(slot);
    this.#telling.notify(dagId);
  }

  /** Resolves when nothing is left to tell. */
  idle(): Promise<void> {
    return this.#telling.idle();
  }

  /** Tells what is left, if it can be told at once. */
  stop(): Promise<void> {
    return this.#telling.stop();
  }
}
