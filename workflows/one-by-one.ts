import { patched } from '@temporalio/workflow';
import type { RunPlan } from '../core/run-plan.ts';

/** Makes a call, at once or when it is its turn. */
export type InTurn = <Result>(call: () => Promise<Result>) => Promise<Result>;

export const atOnce: InTurn = (call) => call();

/**
 * Makes one call after the other. Local activities that ended one by one in one workflow task are told all at once when it is replayed, and what each of them leads to
 * may then come in another order, which is another history. One at a time, they are told one at a time.
 */
export function oneByOne(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const next = last.then(call);
    last = next.catch(() => undefined);
    return next;
  };
}

/** How the tasks of a run make calls to local activities. */
export function turnsOf({ pool, tasks }: RunPlan): InTurn {
  const isNewer = tasks.some((task) => task.pool !== undefined || task.startTimeoutMs !== undefined);
  if (pool !== undefined || isNewer) return oneByOne();
  // Runs that began when these were made at once go on as they began.
  const isOlder = tasks.some(({ shape }) => shape?.kind === 'mapped' || shape?.kind === 'wait');
  return isOlder && patched('local-activities-one-by-one') ? oneByOne() : atOnce;
}
