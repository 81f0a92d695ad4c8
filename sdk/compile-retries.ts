import { parseDuration } from '../core/duration.ts';
import { invalidOption } from '../core/invalid-option.ts';
import type { RetryPlan } from '../core/retry.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { Backoff, RetryOptions, TaskDefaults } from './task.ts';

const maxRetries = 10_000;
const backoffs: readonly Backoff[] = ['constant', 'linear', 'exponential'];
const names = ['max', 'initial', 'backoff', 'factor', 'longest', 'jitter', 'nonRetryable'];

/** @throws TidegateError `invalid_definition` naming the part that is not valid */
export function compileRetries(retries: NonNullable<TaskDefaults['retries']>): RetryPlan {
  const options: RetryOptions = typeof retries === 'object' ? retries : { max: retries };
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw invalidOption('retries', retries, `'${unknown}' is not known: ${didYouMean(unknown, names)}`);
  const { max, initial = '1s', backoff = 'exponential', factor, longest = '5m', jitter = 0 } = options;
  if (!Number.isInteger(max) || max < 0 || max > maxRetries)
    throw invalidOption('retries', max, `use a whole number from 0 to ${maxRetries}`);
  if (!backoffs.includes(backoff))
    throw invalidOption('retries.backoff', backoff, "use 'constant', 'linear' or 'exponential'");
  if (factor !== undefined && (backoff !== 'exponential' || !(factor >= 1 && factor <= 100)))
    throw invalidOption('retries.factor', factor, "use 1 to 100, with backoff 'exponential'");
  if (!(jitter >= 0 && jitter <= 1)) throw invalidOption('retries.jitter', jitter, 'use 0 to 1');
  const nonRetryable = parseNames(options.nonRetryable);
  const initialMs = parseDuration(initial);
  return {
    ...{ max, initialMs, factor: backoff === 'constant' ? 1 : (factor ?? 2) },
    longestMs: Math.max(initialMs, parseDuration(longest)),
    ...(backoff === 'linear' ? { isLinear: true } : {}),
    ...(jitter === 0 ? {} : { jitter }),
    ...(nonRetryable.length === 0 ? {} : { nonRetryable }),
  };
}

function parseNames(value: RetryOptions['nonRetryable'] = []): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')) return value;
  throw invalidOption('retries.nonRetryable', value, "write names of errors, such as ['TypeError']");
}
