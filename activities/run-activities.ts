import type { DagId } from '../core/ids.ts';
import type { RunClosing } from '../store/runs.ts';
import { closeRun } from '../temporal/close-run.ts';
import type { Deps } from '../temporal/deps.ts';
import { requestTick } from '../temporal/request-run.ts';

/** A run that a Temporal Schedule asks for. */
export interface Tick {
  readonly dagId: DagId;
  /** The time the schedule meant, not the time it came. */
  readonly nominalAt: number;
}

/** What `dagRun` and `tick` ask for. */
export interface RunActivities {
  closeRun(closing: RunClosing): Promise<void>;
  requestTick(tick: Tick): Promise<void>;
}

export function createRunActivities(deps: Deps): RunActivities {
  return {
    closeRun: async (closing) => {
      await closeRun(deps, closing);
    },
    requestTick: ({ dagId, nominalAt }) => requestTick(deps, dagId, nominalAt),
  };
}
