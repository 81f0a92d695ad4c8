import { ApplicationFailure } from '@temporalio/activity';
import { type RetryPlan, retryDelayMs } from '../core/retry.ts';
import { forbidsRetry, pauseAskedBy } from '../sdk/retry-errors.ts';
import { ResourceFailed } from './set-ups.ts';

/** What follows from a try that failed. */
export interface FailedTry {
  /** Whether it was the last one. */
  readonly isFinal: boolean;
  /** Pause before the next one, in milliseconds. */
  readonly pauseMs: number;
}

/** @param failures - tries that failed, with this one */
export function judgeFailure(thrown: unknown, retries: RetryPlan, failures: number): FailedTry {
  const error = thrown instanceof ResourceFailed ? thrown.cause : thrown;
  const isFinal = failures > retries.max || isNonRetryable(error, retries);
  return { isFinal, pauseMs: pauseAskedBy(error) ?? retryDelayMs(retries, failures, Math.random()) };
}

function isNonRetryable(error: unknown, { nonRetryable = [] }: RetryPlan): boolean {
  if (forbidsRetry(error)) return true;
  if (error instanceof ApplicationFailure && error.nonRetryable === true) return true;
  return nonRetryable.length > 0 && namesOf(error).some((name) => nonRetryable.includes(name));
}

/** What an error is called: by itself, by its class, and by those it comes from. */
function namesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const names = [error.name, ...(error instanceof ApplicationFailure ? [error.type ?? ''] : [])];
  for (let kind: unknown = error.constructor; typeof kind === 'function'; kind = Object.getPrototypeOf(kind))
    names.push(kind.name);
  return names;
}
