import type { DagId } from '../core/ids.ts';
import { readAttempt, type ReadAttempt } from '../store/read-attempt.ts';
import type { RunAttempt, RunClosing } from '../store/runs.ts';
import { closeRun } from '../temporal/close-run.ts';
import type { Deps } from '../temporal/deps.ts';
import { noteDeadline } from '../temporal/note-deadline.ts';
import { passTick } from '../temporal/request-run.ts';

/** A time of a Temporal Schedule. */
export interface Tick {
  readonly dagId: DagId;
  /** The time the schedule meant, not the time it came. */
  readonly nominalAt: number;
}

/** What `dagRun` and `tick` ask for. */
export interface RunActivities {
  closeRun(closing: RunClosing): Promise<void>;
  readAttempt(run: RunAttempt): Promise<ReadAttempt>;
  requestTick(tick: Tick): Promise<void>;
  noteDeadline(tick: Tick): Promise<void>;
}

export function createRunActivities(deps: Deps): RunActivities {
  return {
    closeRun: async (closing) => {
      await closeRun(deps, closing);
    },
    readAttempt: (run) => readAttempt(deps.db, run),
    noteDeadline: ({ dagId, nominalAt }) => noteDeadline(deps, dagId, nominalAt),
    requestTick: ({ dagId, nominalAt }) => passTick(deps, dagId, nominalAt),
  };
}
