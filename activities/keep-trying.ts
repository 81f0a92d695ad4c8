import { setTimeout as delay } from 'node:timers/promises';

const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** How long Postgres may be away before finished work is given up and done again by another try. */
const patienceMs = 5 * 60_000;

/** Calls again while Postgres is away, so that an author's hours of work do not hang on one moment. */
export async function keepTrying<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  const until = Date.now() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error) || signal.aborted || Date.now() > until) throw error;
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** No SQLSTATE, or one that says that the server goes down, comes up or lost the connection. */
function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|53)/.test(code) || code.startsWith('E');
}
