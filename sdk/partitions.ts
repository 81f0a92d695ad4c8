import { TidegateError } from '../core/errors.ts';
import { parsePartitionMapper } from '../core/parse-partition-mapper.ts';
import type { PartitionMapper, PartitionWindow } from '../core/partition-mapper.ts';
import { type CalendarUnit, isCalendarUnit } from '../core/wall-time.ts';

/** What a window consists of: the parts of a unit of time, or keys that are told one by one. */
export type WindowInput = CalendarUnit | { readonly segments: readonly string[] };

/** How a mapper reads and writes times. */
export interface StartOfOptions {
  /** IANA name of the zone whose hours, days, … it is about. @defaultValue `'UTC'` */
  readonly timezone?: string;
  /** strftime codes of the keys of events. @defaultValue `'%Y-%m-%dT%H:%M:%S'` */
  readonly inputFormat?: string;
  /** strftime codes of the keys it makes. @defaultValue by unit: `2024-03-11T05`, `2024-03-11`, `2024-03-11 (W11)`, `2024-03`, `2024-Q1`, `2024` */
  readonly outputFormat?: string;
}

/**
 * Keys that stay as they are.
 * @example
 * ```ts
 * import { identity } from 'tidegate';
 *
 * export const mapper = identity();
 * ```
 */
export function identity(): PartitionMapper {
  return made('identity', { type: 'identity' });
}

/**
 * Keys that are times, mapped to the beginning of the hour, day, week (from Monday), month, quarter or year they lie in.
 * @example
 * ```ts
 * import { startOf } from 'tidegate';
 *
 * export const byDay = startOf('day', { timezone: 'Europe/Berlin' });
 * export const byQuarter = startOf('quarter', { inputFormat: '%Y-%m' });
 * ```
 * @throws TidegateError `invalid_definition` when a unit, zone or code is not known, or a format does not say the year
 */
export function startOf(unit: CalendarUnit, options: StartOfOptions = {}): PartitionMapper {
  return made('startOf', { type: 'startOf', unit, ...options });
}

/**
 * Keys of several dimensions, separated by `|`: each by a mapper of its own, joined again.
 * @example
 * ```ts
 * import { identity, product, startOf } from 'tidegate';
 *
 * export const dayAndRegion = product(startOf('day'), identity()); // 2024-03-11T05:00:00|eu to 2024-03-11|eu
 * ```
 * @throws TidegateError `invalid_definition` when there are none or more than 20, or one makes several keys
 */
export function product(...mappers: readonly PartitionMapper[]): PartitionMapper {
  return made('product', { type: 'product', mappers });
}

/**
 * Keys that stay as they are, and no others: those are refused, and start nothing.
 * @example
 * ```ts
 * import { allowedKeys } from 'tidegate';
 *
 * export const regions = allowedKeys(['eu', 'us']);
 * ```
 * @throws TidegateError `invalid_definition` when there are none or more than 10,000
 */
export function allowedKeys(keys: readonly string[]): PartitionMapper {
  return made('allowedKeys', { type: 'allowed', keys });
}

/**
 * One key, whatever the key of the event.
 * @example
 * ```ts
 * import { fixedKey } from 'tidegate';
 *
 * export const together = fixedKey('all');
 * ```
 * @throws TidegateError `invalid_definition` when the key is blank or longer than 250 characters
 */
export function fixedKey(key: string): PartitionMapper {
  return made('fixedKey', { type: 'fixed', key });
}

/**
 * Mappers one after the other.
 * @example
 * ```ts
 * import { chain, startOf } from 'tidegate';
 *
 * export const month = chain(startOf('day'), startOf('month', { inputFormat: '%Y-%m-%d' }));
 * ```
 * @throws TidegateError `invalid_definition` when there are none or more than 20
 */
export function chain(...mappers: readonly PartitionMapper[]): PartitionMapper {
  return made('chain', { type: 'chain', mappers });
}

/**
 * Many keys to one, which is complete when those of the window have come. A window of time takes `startOf` of the same unit: the days of a
 * week or month, the months of a quarter or year, the hours of a day, the minutes of an hour.
 * @example
 * ```ts
 * import { fixedKey, rollup, startOf } from 'tidegate';
 *
 * export const quarter = rollup(startOf('quarter', { inputFormat: '%Y-%m' }), 'quarter');
 * export const twoRegions = rollup(fixedKey('all'), { segments: ['eu', 'us', 'asia'] }, { wait: { min: 2 } });
 * ```
 * @throws TidegateError `invalid_definition` when mapper and window do not fit, or formats do not tell the keys of the window apart
 */
export function rollup(
  mapper: PartitionMapper,
  window: WindowInput,
  options: {
    /** At least so many keys of the window, or for a negative number all but so many. @defaultValue all */
    readonly wait?: { readonly min: number };
  } = {},
): PartitionMapper {
  return made('rollup', { type: 'rollup', mapper, window: windowOf(window), ...options });
}

/**
 * One key to every key of a window.
 * @example
 * ```ts
 * import { fanOut, startOf } from 'tidegate';
 *
 * export const daysOfWeek = fanOut(startOf('week', { inputFormat: '%Y-%m-%d' }), 'week', { maxKeys: 7 });
 * ```
 * @throws TidegateError `invalid_definition` when mapper and window do not fit
 */
export function fanOut(
  mapper: PartitionMapper,
  window: WindowInput,
  options: {
    /** Most keys of one, 1 to 10,000: a key with more starts nothing, and it is said. @defaultValue 1,000 */
    readonly maxKeys?: number;
    /** strftime codes of the keys of a window of time. @defaultValue as `startOf` writes their unit; minutes as `2024-03-11T05:00` */
    readonly outputFormat?: string;
  } = {},
): PartitionMapper {
  return made('fanOut', { type: 'fanout', mapper, window: windowOf(window), ...options });
}

function windowOf(window: WindowInput): PartitionWindow {
  return isCalendarUnit(window) ? { window } : window;
}

/** Says of what is not valid that a definition is. */
function made(path: string, mapper: unknown): PartitionMapper {
  try {
    return parsePartitionMapper(path, mapper);
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw new TidegateError('invalid_definition', error.message, { cause: error });
  }
}
