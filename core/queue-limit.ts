import { invalidOption } from './invalid-option.ts';
import { isRecord } from './json.ts';
import { isCount } from './whole-number.ts';

/**
 * What becomes of a request for a run when as many wait as may: it is refused, the oldest that waits makes room, or it becomes part of the
 * newest that waits.
 */
export type QueuePolicy = 'reject' | 'drop_oldest' | 'fold';

const policies: readonly QueuePolicy[] = ['reject', 'drop_oldest', 'fold'];

/** How many requested runs of a DAG may wait for a slot. */
export interface QueueLimit {
  readonly max: number;
  readonly policy: QueuePolicy;
}

/** What a DAG may say of it: a number alone rejects. */
export type QueueLimitInput = number | { readonly max: number; readonly policy: QueuePolicy };

/** What becomes of a request: it waits, it is refused, it becomes part of the newest that waits, or it waits and the oldest `dropped` do no more. */
export type QueueVerdict =
  | { readonly kind: 'take' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'fold' }
  | { readonly kind: 'drop'; readonly dropped: number };

/** The runs of a DAG when another one is asked for. */
export interface RunsNow {
  /** Requested runs that have no slot yet. */
  readonly waiting: number;
  /** Those of them that wait for the end of another run, whatever slots are free. */
  readonly blocked: number;
  /** Runs that hold a slot. */
  readonly active: number;
  readonly maxActiveRuns: number;
  readonly isPaused: boolean;
}

/** How many requested runs are about to be given a slot: whoever asks faster than slots are given has not filled the queue. */
export function aboutToStart({ waiting, blocked, active, maxActiveRuns, isPaused }: RunsNow): number {
  return isPaused ? 0 : Math.min(waiting - blocked, Math.max(0, maxActiveRuns - active));
}

/** What becomes of one more request; `waitsForRun` is one that waits for the end of another run, whatever slots are free. */
export function judgeRequest(
  limit: QueueLimit | undefined,
  runs: RunsNow,
  { waitsForRun = false }: { readonly waitsForRun?: boolean } = {},
): QueueVerdict {
  const waiting = runs.waiting - aboutToStart(runs);
  const isFree =
    !waitsForRun && !runs.isPaused && runs.active + runs.waiting - runs.blocked < runs.maxActiveRuns;
  if (limit === undefined || isFree || waiting < limit.max) return { kind: 'take' };
  // More wait than may where the limit was lowered since.
  if (limit.policy === 'drop_oldest') return { kind: 'drop', dropped: waiting - limit.max + 1 };
  return { kind: limit.policy };
}

const mostQueued = 100_000;

/** @throws TidegateError `invalid_definition` unless it is a whole number from 1 to 100,000, or that with a policy; absent is no limit */
export function parseQueueLimit(value: unknown): QueueLimit | undefined {
  if (value === undefined) return undefined;
  if (isCount(value, mostQueued)) return { max: value, policy: 'reject' };
  if (isRecord(value) && Object.keys(value).every((key) => key === 'max' || key === 'policy')) {
    const { max, policy = 'reject' } = value;
    const known = policies.find((one) => one === policy);
    if (isCount(max, mostQueued) && known !== undefined) return { max, policy: known };
  }
  throw invalidOption(
    'maxQueuedRuns',
    value,
    `use a whole number from 1 to ${mostQueued}, or { max: 10, policy: 'reject' }, 'drop_oldest' or 'fold'`,
  );
}
