import type { DeadlineOutcome } from './deadline.ts';
import type { Explanation } from './explanation.ts';
import type { RunId } from './ids.ts';

/** A run that consumes events. */
export interface SimulatedRun {
  readonly trigger: 'assets' | 'manual' | 'time' | 'deadline';
  /** The key it is of, where runs are by partition. */
  readonly partition: string | null;
  /** In order of arrival, each once; `a#2` is the second update of `a` in the scenario, `a@k#2` too if it is of partition `k` and runs are by partition. */
  readonly events: readonly string[];
  /** Times that the run is for, where runs by time wait for assets. */
  readonly ticks?: readonly string[];
  /** Names of what was missing, of a run that a deadline started. */
  readonly missing?: readonly string[];
}

/** A deadline that was decided. */
export interface SimulatedDeadline {
  readonly at: string;
  readonly outcome: DeadlineOutcome;
  /** Names of what was missing. */
  readonly missing: readonly string[];
}

/** What came of a scenario. */
export interface SimulationResult {
  readonly runs: readonly SimulatedRun[];
  /** Names with something queued at the end, in the order of the schedule. */
  readonly pending: readonly string[];
  /** Keys with something queued, the oldest first; only where runs are by partition. */
  readonly pendingKeys?: readonly string[];
  /** Why events were not taken for their key, each reason once; only where there are such. */
  readonly refused?: readonly string[];
  /** What became of deadlines, in order; only where some were decided. */
  readonly deadlines?: readonly SimulatedDeadline[];
  /** Runs by hand and by time that got a slot. */
  readonly otherRuns: number;
  readonly explanation: {
    /** What the consumer waits for at the end. */
    readonly sentence: string;
    readonly met: boolean;
    /** `null` where events start nothing. */
    readonly tree: Explanation | null;
  };
}

/** A run that got a slot. */
export interface StartedRun {
  /** As the nth of all, from 0. */
  readonly nth: number;
  /** When, by the clock of the scenario. */
  readonly at: number;
  /** What its slot is held by. */
  readonly runId: RunId;
  /** `null` where it consumes nothing: a run by hand or by time. */
  readonly run: SimulatedRun | null;
}
