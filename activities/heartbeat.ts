import type { Context } from '@temporalio/activity';

const everyMs = 1_000;

/** What a heartbeat tells the next attempt, should this one not end by itself. */
export interface Beat {
  /** How long the try had run when this was said. */
  readonly elapsedMs?: number;
  /** Since when no worker that was asked had the task's code. */
  readonly codeMissingSinceAt?: number;
}

/** Says once a second, from now on, that this worker is alive, and so hears of cancellation. @returns what stops it */
export function startHeartbeat(context: Context): () => void {
  const startedAt = performance.now();
  const beat = (): void => {
    context.heartbeat({ elapsedMs: Math.round(performance.now() - startedAt) } satisfies Beat);
  };
  beat();
  const timer = setInterval(beat, everyMs);
  return () => clearInterval(timer);
}

/** How long the attempt before was known to run; a worker that was lost early said little, whenever that is noticed. */
export function lastElapsedMs({ info }: Context): number {
  return numberIn(info.heartbeatDetails, 'elapsedMs') ?? 0;
}

export function codeMissingSinceAt({ info }: Context): number | undefined {
  return numberIn(info.heartbeatDetails, 'codeMissingSinceAt');
}

function numberIn(details: unknown, key: keyof Beat): number | undefined {
  if (typeof details !== 'object' || details === null) return undefined;
  const value: unknown = Object.entries(details).find(([name]) => name === key)?.[1];
  return typeof value === 'number' ? value : undefined;
}
