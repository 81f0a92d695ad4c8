import type { Context } from '@temporalio/activity';

const everyMs = 1_000;

/** What a heartbeat tells the next attempt. */
export interface Beat {
  /** Since when no worker that was asked had the task's code. */
  readonly codeMissingSinceAt: number;
}

/**
 * Says once a second, or three times in its heartbeat time-out where that is shorter, that this worker is alive, and so hears of
 * cancellation. Most tasks are over before the first time, which would cost the server about as much as all the rest of them.
 * @returns what stops it
 */
export function startHeartbeat(context: Context): () => void {
  // What an attempt without the code left is over; it would count for the next one.
  if (codeMissingSinceAt(context) !== undefined) context.heartbeat();
  const { heartbeatTimeoutMs = Number.POSITIVE_INFINITY } = context.info;
  const timer = setInterval(() => context.heartbeat(), Math.min(everyMs, heartbeatTimeoutMs / 3));
  return () => clearInterval(timer);
}

/** What the attempt before said; `undefined` when it had the code, or there was none. */
export function codeMissingSinceAt({ info }: Context): number | undefined {
  const details: unknown = info.heartbeatDetails;
  if (typeof details !== 'object' || details === null || !('codeMissingSinceAt' in details)) return undefined;
  return typeof details.codeMissingSinceAt === 'number' ? details.codeMissingSinceAt : undefined;
}
