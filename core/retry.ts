/** How often, and how long after one another, a failing task is tried again. */
export interface RetryPlan {
  /** Tries after the first one; counts failures of author code only. */
  readonly max: number;
  readonly initialMs: number;
  /** What the pause is multiplied by from one retry to the next; 1 keeps it constant. */
  readonly factor: number;
  readonly longestMs: number;
  /** Set where each pause is longer than the one before by the first one, whatever the factor. */
  readonly isLinear?: true;
  /** Which part of a pause is left to chance, up to 1; absent is none. */
  readonly jitter?: number;
  /** Names of errors after which it is not tried again; absent is none. */
  readonly nonRetryable?: readonly string[];
}

/**
 * Pause before the try after `failures` failed ones, in milliseconds; capped, and then shortened by chance.
 * @param chance - from 0 up to 1
 */
export function retryDelayMs(
  { initialMs, factor, longestMs, isLinear, jitter = 0 }: RetryPlan,
  failures: number,
  chance: number,
): number {
  const pause = isLinear === true ? initialMs * failures : initialMs * factor ** Math.max(0, failures - 1);
  return Math.round(Math.min(longestMs, pause) * (1 - jitter * chance));
}
