import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import type { CronPlan } from '../core/run-plan.ts';
import { parseTimezone } from '../core/time-zone.ts';
import { brand, isBranded } from './brand.ts';

/** A schedule by time. */
export interface CronSchedule extends CronPlan {
  readonly [brand]: 'cron';
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words: readonly string[];
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, words: [] },
  { name: 'hour', min: 0, max: 23, words: [] },
  { name: 'day of month', min: 1, max: 31, words: [] },
  { name: 'month', min: 1, max: 12, words: months },
  { name: 'day of week', min: 0, max: 7, words: weekdays },
];
const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const presets: Readonly<Record<string, string>> = {
  '@hourly': '@hourly',
  '@daily': '@daily',
  '@midnight': '@daily',
  '@weekly': '@weekly',
  '@monthly': '@monthly',
  '@yearly': '@yearly',
  '@annually': '@yearly',
};
const part = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/;

/**
 * A schedule by time: five cron fields (minute, hour, day of month, month, day of week) or `@hourly`, `@daily`, `@weekly`,
 * `@monthly`, `@yearly`. What Temporal would read differently than people expect is refused.
 * @example
 * ```ts
 * import { cron } from 'tidegate';
 *
 * export const weekdaysAtSix = cron('0 6 * * MON-FRI', { timezone: 'Europe/Berlin' });
 * ```
 * @throws TidegateError `invalid_definition` when the expression or the time zone is not valid
 */
export function cron(
  expression: string,
  options: {
    /** IANA name. @defaultValue `'UTC'` */
    readonly timezone?: string;
  } = {},
): CronSchedule {
  return {
    [brand]: 'cron',
    expression: parseExpression(expression),
    timezone: parseTimezone(options.timezone ?? 'UTC'),
  };
}

/** Whether a value is a schedule that {@link cron} made. */
export function isCron(value: unknown): value is CronSchedule {
  return isBranded(value, 'cron');
}

function parseExpression(expression: string): string {
  const text = expression.trim();
  if (text.startsWith('@')) {
    const preset = presets[text.toLowerCase()];
    if (preset !== undefined) return preset;
    throw refused(expression, `that preset is not known: use one of ${Object.keys(presets).join(', ')}`);
  }
  if (/^(?:CRON_)?TZ=/.test(text))
    throw refused(expression, "give the zone as an option: cron('…', { timezone: '…' })");
  if (text.includes('#'))
    throw refused(expression, "Temporal reads '#' as the start of a comment: name whole weekdays");
  const written = text.split(/\s+/);
  if (written.length !== fields.length) {
    const found = text === '' ? 0 : written.length;
    throw refused(
      expression,
      `it has ${found} fields: write five (minute, hour, day of month, month, day of week)`,
    );
  }
  const [, , days = [], inMonths = []] = fields.map((field, index) =>
    valuesOf(expression, field, written[index] ?? ''),
  );
  const [, , dayField = '*', , weekdayField = '*'] = written;
  if (!isOpen(dayField) && !isOpen(weekdayField)) {
    throw refused(
      expression,
      'it restricts both day of month and day of week, of which cron takes either and Temporal takes both: restrict only one',
    );
  }
  if (!inMonths.some((month) => Math.min(...days) <= (longestMonths[month - 1] ?? 0))) {
    throw refused(expression, `no month it names has a day ${Math.min(...days)}: it would never run`);
  }
  return written.join(' ').toUpperCase();
}

/** Whether a field lets every day pass, so that the other day field alone decides. */
function isOpen(field: string): boolean {
  return field === '*' || field === '*/1';
}

function valuesOf(expression: string, field: Field, written: string): readonly number[] {
  return written.split(',').flatMap((item) => {
    const match = part.exec(item);
    if (match === null) {
      throw refused(
        expression,
        `${field.name} ${quote(item)} is not one: use numbers, '*', lists, ranges and steps; 'L', 'W' and '?' are not known`,
      );
    }
    const [, from, to, step] = match;
    if (from !== undefined && to === undefined && step !== undefined) {
      throw refused(
        expression,
        `${field.name} ${quote(item)} steps without a range: write '${from}-${field.max}/${step}'`,
      );
    }
    const first = from === undefined ? field.min : numberOf(expression, field, from);
    const last =
      to === undefined ? (from === undefined ? field.max : first) : numberOf(expression, field, to);
    const by = step === undefined ? 1 : Number(step);
    if (last < first)
      throw refused(expression, `${field.name} ${quote(item)} ends before it starts: write two ranges`);
    if (by < 1 || by > field.max)
      throw refused(expression, `${field.name} ${quote(item)} has a step that is not 1 to ${field.max}`);
    return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + index * by);
  });
}

function numberOf(expression: string, { name, min, max, words }: Field, text: string): number {
  const word = words.indexOf(text.toUpperCase());
  const value = word >= 0 ? word + min : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const known = words.length === 0 ? '' : ` or ${words[0]} to ${words.at(-1)}`;
  throw refused(expression, `${name} ${quote(text)} is out of range: use ${min} to ${max}${known}`);
}

function refused(expression: string, reason: string): TidegateError {
  return new TidegateError('invalid_definition', `cron ${quote(expression)} is not valid: ${reason}`);
}
