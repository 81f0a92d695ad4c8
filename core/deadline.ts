import { type Gate, isMetFor, type Queued, type Taken } from './gate.ts';
import { takeAll } from './gate-take.ts';
import { type RunId, runIdOfDeadline } from './ids.ts';

/** What happens at a deadline when no run by events has begun since the one before. */
export type OnMissing = 'run' | 'skip' | 'alert';

/** What became of a deadline: nothing was due (`met`, `paused`), a later one stands for it (`passed`), the DAG has none any more (`removed`). */
export type DeadlineOutcome = OnMissing | 'met' | 'paused' | 'passed' | 'removed';

/** Whether a deadline came without a run. */
export function isMissed(outcome: DeadlineOutcome): outcome is OnMissing {
  return outcome === 'run' || outcome === 'skip' || outcome === 'alert';
}

/** Which deadlines came, and what they are judged by. Instants are epoch milliseconds. */
export interface Deadlines {
  /** Those that are not decided yet, in order. */
  readonly due: readonly number[];
  /** The last that was decided; `null` before the first. */
  readonly decidedAt: number | null;
  /** The time of the newest event that a run by events took, however long the run had waited. */
  readonly ranAt: number | null;
}

export const noDeadlines: Deadlines = { due: [], decidedAt: null, ranAt: null };

/** Most deadlines that wait to be decided; of more the oldest are passed. */
const maxDue = 100;

/** Takes note of a deadline that came. One that is known already changes nothing. */
export function withDue(gate: Gate, at: number): Gate {
  const { deadlines = noDeadlines } = gate;
  if (deadlines.due.includes(at)) return gate;
  const due = [...deadlines.due, at].toSorted((a, b) => a - b).slice(-maxDue);
  return { ...gate, deadlines: { ...deadlines, due } };
}

/** The gate with just these deadlines to be decided, as the store has them. */
export function withUndecided(gate: Gate, due: readonly number[]): Gate {
  const { deadlines, ...rest } = gate;
  if (deadlines === undefined) return due.reduce(withDue, gate);
  return due.reduce(withDue, { ...rest, deadlines: { ...deadlines, due: [] } });
}

/** Forgets a deadline that is none. */
export function withoutDue(gate: Gate, at: number): Gate {
  const { deadlines = noDeadlines } = gate;
  return { ...gate, deadlines: { ...deadlines, due: deadlines.due.filter((one) => one !== at) } };
}

/** Notes that events start a run now, taking what `before` has queued. */
export function withRanAt(gate: Gate, before: Gate): Gate {
  const { deadlines } = gate;
  if (deadlines === undefined) return gate;
  const newest = Object.values<Queued>(before.queued).reduce((last, { lastAt }) => Math.max(last, lastAt), 0);
  return { ...gate, deadlines: { ...deadlines, ranAt: newest } };
}

/** A deadline as it is decided. */
export interface DecidedDeadline {
  readonly dueAt: number;
  readonly outcome: DeadlineOutcome;
  /** The run it starts. */
  readonly runId?: RunId;
  /** When the period it ends began: the deadline before, where there was one. */
  readonly previousAt: number | null;
  /** What its run consumes, or what leaves the queue because nothing more is waited for. */
  readonly taken: readonly Taken[];
  readonly gate: Gate;
}

/** What a deadline is decided by. */
export interface DeadlineFacts {
  readonly gate: Gate;
  readonly isPaused: boolean;
  readonly hasSlot: boolean;
}

/**
 * Decides the deadline that is due: all that was recorded until then is counted. Of several that could not be decided before, for want of
 * a slot, the last stands for all.
 * @returns `null` where none is due, or it has to wait
 */
export function decideDeadline({ gate, isPaused, hasSlot }: DeadlineFacts): DecidedDeadline | null {
  const { deadlines = noDeadlines } = gate;
  if (gate.midBatch) return null;
  const dueAt = deadlines.due.findLast((at) => gate.deadline === undefined || (gate.at ?? 0) >= at);
  if (dueAt === undefined) return null;
  const outcome = outcomeOf({ gate, isPaused }, deadlines, dueAt);
  if (outcome === 'run' && !hasSlot) return null;
  const { decidedAt: previousAt } = deadlines;
  const next: Deadlines = {
    ...deadlines,
    due: deadlines.due.filter((at) => at > dueAt),
    decidedAt: Math.max(dueAt, previousAt ?? dueAt),
  };
  const isTaken = outcome === 'run' || outcome === 'skip';
  const { taken, gate: left } = isTaken ? takeAll(gate) : { taken: [], gate };
  return {
    ...{ dueAt, outcome, previousAt, taken, gate: { ...left, deadlines: next } },
    ...(outcome === 'run' ? { runId: runIdOfDeadline(dueAt) } : {}),
  };
}

function outcomeOf(
  { gate, isPaused }: Omit<DeadlineFacts, 'hasSlot'>,
  { decidedAt, ranAt }: Deadlines,
  dueAt: number,
): DeadlineOutcome {
  if (gate.deadline === undefined) return 'removed';
  if (decidedAt !== null && dueAt <= decidedAt) return 'passed';
  if (isPaused) return 'paused';
  const hasRun = ranAt !== null && ranAt > (decidedAt ?? Number.NEGATIVE_INFINITY);
  // What is all there and only waits, for a slot or to settle, lacks nothing.
  return hasRun || isMetFor(gate, null) ? 'met' : gate.deadline;
}
