import { WorkerStopping } from '../activities/stopping.ts';
import type { Log } from '../temporal/deps.ts';

/** Signals this close to each other are one: a terminal's Ctrl-C comes from the terminal and from the program between. */
const sameSignalMs = 500;

export interface DrainOptions {
  /** How long running tasks may go on. */
  readonly drainMs: number;
  readonly log: Log;
  /** Takes nothing new from now on. */
  readonly close: () => void;
  /** Tasks that run. */
  readonly countTasks: () => number;
}

/** How a worker comes to its end: it lets tasks go on for a while, then has them handed back. */
export interface Draining {
  /** Aborted when tasks are to be handed back. */
  readonly handBack: AbortSignal;
  /** Begins; said again, a moment later, it waits no longer. */
  stop(options: DrainOptions): void;
  /** Nothing is left to wait for. */
  end(): void;
}

export function createDraining(): Draining {
  const handBack = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let begunAt: number | undefined;
  const handOver = ({ log, countTasks }: DrainOptions, why: string): void => {
    if (handBack.signal.aborted) return;
    clearTimeout(timer);
    const tasks = countTasks();
    if (tasks > 0) log.warn('worker hands its tasks back', { tasks, why });
    handBack.abort(new WorkerStopping(`the worker stops: ${why}`));
  };
  return {
    handBack: handBack.signal,
    stop(options) {
      const { drainMs, log, close, countTasks } = options;
      if (begunAt !== undefined) {
        if (performance.now() - begunAt > sameSignalMs) handOver(options, 'it was told to hurry');
        return;
      }
      begunAt = performance.now();
      log.info('worker drains', { tasks: countTasks(), drainMs });
      close();
      timer = setTimeout(
        () => handOver(options, `the task did not end within its drain time-out of ${drainMs} ms`),
        drainMs,
      );
    },
    end: () => clearTimeout(timer),
  };
}
