import type { Seq } from '../../core/asset-event.ts';
import type { LeafId } from '../../core/leaves.ts';
import type { Condition } from '../../core/condition.ts';
import type { MessageRange, Taken } from '../../core/gate.ts';
import type { WhilePaused } from '../../core/run-plan.ts';

// What can happen to a consumer, and what comes of it.

export interface Terms {
  readonly condition: Condition<LeafId> | null;
  readonly maxActiveRuns: number;
  readonly whilePaused?: WhilePaused;
  readonly requestedRunsConsume?: boolean;
}

/** What the log holds: events recorded together (`null` is one that is for others), or terms that come into force. */
export type LogEntry =
  | { readonly kind: 'batch'; readonly leaves: readonly (LeafId | null)[] }
  | { readonly kind: 'terms'; readonly terms: Terms };

/** What happens besides events; handled at the position that counting had reached. */
export type Control =
  | { readonly kind: 'close'; readonly nth: number }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'clear'; readonly leaves: readonly LeafId[] | null }
  | { readonly kind: 'request' }
  /** The workflow is lost; another begins from the checkpoint. */
  | { readonly kind: 'claim' };

/** What a sender does: read what is due, up to so many batches; send the next message of what it read; lose it on its way. */
export type Sending =
  | { readonly kind: 'lose'; readonly sender: number }
  | { readonly kind: 'read'; readonly sender: number; readonly batches: number }
  | { readonly kind: 'send'; readonly sender: number; readonly keeps: boolean };

export interface Outcome {
  readonly runs: readonly { readonly runId: string; readonly taken: readonly Taken[] }[];
  readonly admitted: readonly string[];
  readonly cleared: readonly (readonly Taken[])[];
  readonly dropped: readonly (readonly Taken[])[];
  /** Stretches of the log that pauses ignored. */
  readonly ignored: readonly MessageRange[];
  readonly queued: readonly Taken[];
  readonly active: readonly string[];
}

export type TraceStep =
  | { readonly kind: 'reached'; readonly seq: Seq }
  /** Where the log ended when the next step was taken. */
  | { readonly kind: 'head'; readonly seq: Seq }
  | Control;

export function batch(...leaves: readonly (LeafId | null)[]): LogEntry {
  return { kind: 'batch', leaves };
}

export function terms(condition: Condition<LeafId> | null, maxActiveRuns = 1): LogEntry {
  return { kind: 'terms', terms: { condition, maxActiveRuns } };
}

export const idsOf = ({ runs }: Outcome): readonly string[] => runs.map(({ runId }) => runId);

/** How many events of each leaf. */
export const countsOf = (taken: readonly Taken[] | undefined) =>
  Object.fromEntries((taken ?? []).map(({ leaf, count }) => [leaf, count]));
