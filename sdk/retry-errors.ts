import { type Duration, parseDuration } from '../core/duration.ts';

const after = Symbol.for('tidegate.retryAfter');
const never = Symbol.for('tidegate.nonRetryable');

/**
 * Thrown by a task: the try failed, and the next one, if there is one left, begins after this pause instead of that of the task's `retries`.
 * @example
 * ```ts
 * import { RetryAfter } from 'tidegate';
 *
 * export async function read(url: string): Promise<Response> {
 *   const response = await fetch(url);
 *   if (response.status === 429) throw new RetryAfter((Number(response.headers.get('retry-after')) || 60) * 1_000, 'rate limited');
 *   return response;
 * }
 * ```
 */
export class RetryAfter extends Error {
  override readonly name = 'RetryAfter';
  readonly [after]: number;

  /** @throws TidegateError `invalid_definition` when the pause is no duration */
  constructor(pause: Duration, message = 'to be tried again later', options?: ErrorOptions) {
    super(message, options);
    this[after] = parseDuration(pause);
  }
}

/** Thrown by a task: it failed, and is not tried again, however many retries are left. */
export class NonRetryable extends Error {
  override readonly name: string = 'NonRetryable';
  readonly [never] = true;
}

/** The pause in milliseconds that an error asks for, also where its project has loaded the sdk a second time. */
export function pauseAskedBy(error: unknown): number | undefined {
  const pause: unknown = error instanceof Error && after in error ? error[after] : undefined;
  return typeof pause === 'number' ? pause : undefined;
}

/** Whether an error forbids another try. */
export function forbidsRetry(error: unknown): boolean {
  return error instanceof Error && never in error;
}
