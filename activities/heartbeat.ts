import type { Context } from '@temporalio/activity';

const everyMs = 1_000;

/** Says once a second, from now on, that this worker is alive, and so hears of cancellation. @returns what stops it */
export function startHeartbeat(context: Context): () => void {
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), everyMs);
  return () => clearInterval(timer);
}
