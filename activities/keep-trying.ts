import { setTimeout as delay } from 'node:timers/promises';
import { isPassing } from '../store/outage.ts';

const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** How long Postgres may be away before finished work is given up and done again by another try. */
const patienceMs = 5 * 60_000;

/** Calls again while Postgres is away or too busy with others, so that an author's hours of work do not hang on one moment. */
export async function keepTrying<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const until = Date.now() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || signal.aborted || Date.now() > until) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
}
