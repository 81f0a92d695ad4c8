import { CancellationScope, isCancellation, log, setHandler, sleep } from '@temporalio/workflow';
import {
  type CallbackCause,
  type CallbackKind,
  type CallbackPlan,
  maxToldRetries,
} from '../core/callback.ts';
import { isTaskRetry, taskRetriedSignal } from './messages.ts';
import type { PlannedRun } from './run-tasks.ts';
import { runTask } from './task-activity.ts';

/** Calls the callbacks of a run. They run to their end also when the run is cancelled, and how they end changes nothing about it. */
export interface Callbacks {
  /** Calls those of how the run ended. Resolves when all that were called have ended. */
  end(cause: CallbackCause): Promise<void>;
}

export function listenForCallbacks(run: PlannedRun): Callbacks {
  const { callbacks = [] } = run.plan;
  const called: Promise<unknown>[] = [];
  const call = (callback: CallbackPlan, cause: CallbackCause, mapIndex?: number): void => {
    const which = { cause, ...(mapIndex === undefined ? {} : { mapIndex }) };
    called.push(CancellationScope.nonCancellable(() => runTask(run, callback.task, which)));
  };
  const those = (on: CallbackKind): readonly CallbackPlan[] => callbacks.filter((one) => one.on === on);

  const waiting = new CancellationScope();
  for (const callback of callbacks) {
    if (callback.on !== 'late') continue;
    const { afterMs } = callback;
    waiting
      .run(async () => {
        await sleep(afterMs, { summary: 'late' });
        call(callback, { kind: 'late', afterMs });
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }
  let retries = 0;
  if (those('retry').length > 0) {
    setHandler(taskRetriedSignal, (retry: unknown) => {
      if (!isTaskRetry(retry)) return log.warn('malformed taskRetried signal dropped');
      if (retries === maxToldRetries) return;
      for (const callback of those('retry')) call(callback, { kind: 'retry', ...retry }, retries);
      retries += 1;
    });
  }
  return {
    async end(cause) {
      waiting.cancel();
      for (const callback of those(cause.kind)) call(callback, cause);
      // One that is called while others are waited for is waited for, too.
      for (let ended = 0; ended < called.length;) {
        ended = called.length;
        await Promise.all(called);
      }
    },
  };
}
