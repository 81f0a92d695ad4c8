import type { DagId } from '../core/ids.ts';
import { runRequestedSignal } from '../workflows/messages.ts';
import { signalConsumer } from './consumer-workflow.ts';
import type { Log, Temporal } from './deps.ts';
import { OneAtATime } from './one-at-a-time.ts';

/**
 * Tells consumers that runs were requested, one signal for many under load. What a process that dies has not told, a sweep tells.
 */
export class RequestedRuns {
  readonly #telling: OneAtATime<DagId>;

  constructor({ temporal, log }: { readonly temporal: Temporal; readonly log: Log }) {
    this.#telling = new OneAtATime({
      act: async (dagId) => {
        await signalConsumer(temporal, dagId, runRequestedSignal, []);
      },
      onFailure: (dagId, failure) =>
        log.warn('consumer not told of requested runs, will be tried again', { dagId, ...failure }),
    });
  }

  /** Returns at once. */
  report(dagId: DagId): void {
    this.#telling.notify(dagId);
  }

  /** Tells what is left, if it can be told at once. */
  stop(): Promise<void> {
    return this.#telling.stop();
  }
}
