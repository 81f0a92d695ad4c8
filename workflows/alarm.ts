import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';

/** Rings when a time has come. At most one timer runs, and it is left running where the time only moves away: what arrives costs none. */
export interface Alarm {
  /** Rings at this time, in epoch milliseconds, and not before; `null` does not ring. */
  setTo(at: number | null): void;
  /** Whether the time has come. */
  isRinging(): boolean;
}

/** Longest timer: a later time is looked at again then. */
const longestMs = 30 * 86_400_000;

export function createAlarm(summary: string): Alarm {
  let wanted: number | null = null;
  let running: { readonly until: number; readonly scope: CancellationScope } | null = null;

  const start = (at: number): void => {
    const until = Math.min(at, Date.now() + longestMs);
    const scope = new CancellationScope();
    const own = { until, scope };
    running?.scope.cancel();
    running = own;
    scope
      .run(() => sleep(until - Date.now(), { summary }))
      .then(() => {
        if (running !== own) return;
        running = null;
        if (wanted !== null && wanted > Date.now()) start(wanted);
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  };

  return {
    setTo(at) {
      wanted = at;
      if (at !== null && at > Date.now() && (running === null || at < running.until)) start(at);
    },
    isRinging: () => wanted !== null && wanted <= Date.now(),
  };
}
