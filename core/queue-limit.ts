import { invalidOption } from './invalid-option.ts';
import { isRecord } from './json.ts';
import { isCount } from './whole-number.ts';

/** What becomes of a request for a run when as many wait as may: it is refused, or the oldest that waits makes room. */
export type QueuePolicy = 'reject' | 'drop_oldest';

/** How many requested runs of a DAG may wait for a slot. */
export interface QueueLimit {
  readonly max: number;
  readonly policy: QueuePolicy;
}

/** What a DAG may say of it: a number alone rejects. */
export type QueueLimitInput = number | { readonly max: number; readonly policy: QueuePolicy };

/** What becomes of a request: it waits, it is refused, or it waits and the oldest `dropped` do no more. */
export type QueueVerdict =
  | { readonly kind: 'take' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'drop'; readonly dropped: number };

/** The runs of a DAG when another one is asked for. */
export interface RunsNow {
  /** Requested runs that have no slot yet. */
  readonly waiting: number;
  /** Runs that hold a slot. */
  readonly active: number;
  readonly maxActiveRuns: number;
  readonly isPaused: boolean;
}

/** How many requested runs are about to be given a slot: whoever asks faster than slots are given has not filled the queue. */
export function aboutToStart({ waiting, active, maxActiveRuns, isPaused }: RunsNow): number {
  return isPaused ? 0 : Math.min(waiting, Math.max(0, maxActiveRuns - active));
}

/** What becomes of one more request. */
export function judgeRequest(limit: QueueLimit | undefined, runs: RunsNow): QueueVerdict {
  const waiting = runs.waiting - aboutToStart(runs);
  const isFree = !runs.isPaused && runs.active + runs.waiting < runs.maxActiveRuns;
  if (limit === undefined || isFree || waiting < limit.max) return { kind: 'take' };
  // More wait than may where the limit was lowered since.
  return limit.policy === 'reject' ? { kind: 'reject' } : { kind: 'drop', dropped: waiting - limit.max + 1 };
}

const mostQueued = 100_000;

/** @throws TidegateError `invalid_definition` unless it is a whole number from 1 to 100,000, or that with a policy; absent is no limit */
export function parseQueueLimit(value: unknown): QueueLimit | undefined {
  if (value === undefined) return undefined;
  if (isCount(value, mostQueued)) return { max: value, policy: 'reject' };
  if (isRecord(value) && Object.keys(value).every((key) => key === 'max' || key === 'policy')) {
    const { max, policy = 'reject' } = value;
    if (isCount(max, mostQueued) && (policy === 'reject' || policy === 'drop_oldest')) return { max, policy };
  }
  throw invalidOption(
    'maxQueuedRuns',
    value,
    `use a whole number from 1 to ${mostQueued}, or { max: 10, policy: 'reject' } or 'drop_oldest'`,
  );
}
