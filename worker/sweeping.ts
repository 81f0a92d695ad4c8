import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerDeps } from '../activities/index.ts';
import { sweep, type SweepOptions } from '../temporal/sweep.ts';

const everyMs = 3_000;
const fullEveryMs = 60_000;

/** Sweeps at once and then every few seconds, fully at start and once a minute. @returns what ends it */
export function startSweeping(deps: WorkerDeps, options: Omit<SweepOptions, 'isFull'>): () => Promise<void> {
  const stopping = new AbortController();
  const sweeping = sweepUntil(deps, options, stopping.signal);
  return async () => {
    stopping.abort();
    await sweeping;
  };
}

async function sweepUntil(
  deps: WorkerDeps,
  options: Omit<SweepOptions, 'isFull'>,
  signal: AbortSignal,
): Promise<void> {
  let fullAt = 0;
  while (!signal.aborted) {
    const isFull = deps.clock() >= fullAt;
    try {
      await sweep(deps, { ...options, isFull });
      if (isFull) fullAt = deps.clock() + fullEveryMs;
    } catch (error) {
      deps.log.warn('sweep failed, will be tried again', { error: String(error) });
    }
    await delay(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
