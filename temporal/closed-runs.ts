import type { DagId, RunId } from '../core/ids.ts';
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
  readonly #closed = new Map<DagId, Set<RunId>>();
  readonly #telling: OneAtATime<DagId>;

  constructor({ db, temporal, log }: { readonly db: Db; readonly temporal: Temporal; readonly log: Log }) {
    this.#telling = new OneAtATime({
      act: async (dagId) => {
        const closed = this.#closed.get(dagId);
        while (closed !== undefined && closed.size > 0) {
          const runIds = [...closed].slice(0, maxAtOnce);
          await signalConsumer(temporal, dagId, runClosedSignal, [runIds]);
          await markCloseReported(db, dagId, runIds);
          for (const runId of runIds) closed.delete(runId);
        }
        this.#closed.delete(dagId);
      },
      onFailure: (dagId, failure) =>
        log.warn('closed runs not reported, will be tried again', { dagId, ...failure }),
    });
  }

  /** Returns at once. */
  report(dagId: DagId, runId: RunId): void {
    const closed = this.#closed.get(dagId);
    if (closed === undefined) this.#closed.set(dagId, new Set([runId]));
    else closed.add(runId);
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
