import { invalidOption } from './invalid-option.ts';
import { defaultMaxActiveRuns, type StartFrom, type WhilePaused } from './run-plan.ts';
import { isCount } from './whole-number.ts';

// What a DAG or a scenario may say about its runs. `name` is what an error calls the option.

const maxActiveRunsLimit = 1_000;
const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** @throws TidegateError `invalid_definition` unless it is a whole number from 1 to 1,000; absent means 16 */
export function parseMaxActiveRuns(value: unknown, name = 'maxActiveRuns'): number {
  if (value === undefined) return defaultMaxActiveRuns;
  if (isCount(value, maxActiveRunsLimit)) return value;
  throw invalidOption(name, value, `use a whole number from 1 to ${maxActiveRunsLimit}`);
}

/** @throws TidegateError `invalid_definition` unless it is one of the two; absent means `'keep'` */
export function parseWhilePaused(value: unknown, name = 'whilePaused'): WhilePaused {
  if (value === undefined) return 'keep';
  if (value === 'keep' || value === 'ignore') return value;
  throw invalidOption(name, value, "use 'keep' or 'ignore'");
}

/** @throws TidegateError `invalid_definition` unless it is `'now'`, `'earliest'` or an instant; absent means `'now'` */
export function parseStartFrom(value: unknown, name = 'startFrom'): StartFrom {
  if (value === undefined) return 'now';
  return value === 'now' || value === 'earliest' ? value : parseInstant(value, name);
}

/**
 * Instants without an offset are refused: they would mean another time on another machine.
 * @throws TidegateError `invalid_definition` unless it is a date, an instant with its offset, or a valid `Date`
 */
export function parseInstant(value: unknown, name: string): number {
  const text = typeof value === 'string' && isoDate.test(value) ? value : '';
  const at = value instanceof Date ? value.getTime() : Date.parse(text);
  // Date.parse moves 30 February into March.
  const isCalendarDay = new Date(Date.parse(text.slice(0, 10))).toJSON()?.startsWith(text.slice(0, 10));
  if (!Number.isNaN(at) && (text === '' || isCalendarDay === true)) return at;
  throw invalidOption(name, value, "write '2024-01-01' (UTC) or '2024-01-01T06:00:00+01:00'");
}
