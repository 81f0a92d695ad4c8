import { type Duration, parseDuration } from '../core/duration.ts';
import { invalidOption } from '../core/invalid-option.ts';
import { brand } from './brand.ts';
import type { CronSchedule } from './cron.ts';

const longestMs = 366 * 86_400_000;

/**
 * A schedule by time: at every full multiple of an interval since 1970 in UTC, whenever it is deployed.
 * @example
 * ```ts
 * import { every } from 'tidegate';
 *
 * export const quarterPast = every('1 hour', { offset: '15 minutes' });
 * ```
 * @throws TidegateError `invalid_definition` unless both are whole seconds, the interval at most 366 days, and the offset less than it
 */
export function every(
  interval: Duration,
  options: {
    /** How long after each multiple. @defaultValue none */
    readonly offset?: Duration;
  } = {},
): CronSchedule {
  const everyMs = parseDuration(interval);
  if (everyMs % 1_000 !== 0 || everyMs > longestMs)
    throw invalidOption('interval', interval, 'use whole seconds, at most 366 days');
  const offsetMs = options.offset === undefined ? 0 : parseDuration(options.offset);
  if (offsetMs % 1_000 !== 0 || offsetMs >= everyMs)
    throw invalidOption('offset', options.offset, 'use whole seconds, less than the interval');
  const phase = offsetMs === 0 ? '' : `/${offsetMs / 1_000}s`;
  return { [brand]: 'cron', expression: `@every ${everyMs / 1_000}s${phase}`, timezone: 'UTC' };
}
