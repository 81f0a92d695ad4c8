import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';

/** A duration as authors write it: `'15 minutes'`, `'10s'`, `'1.5 h'`, or a number of milliseconds. */
export type Duration = string | number;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};
const spelling = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i;
const longestMs = 100 * 365 * 86_400_000;

/**
 * Milliseconds in a duration, rounded to whole ones.
 * @throws TidegateError `invalid_definition` when it is not a number with a unit, not positive, or above 100 years
 */
export function parseDuration(value: Duration): number {
  const ms = typeof value === 'number' ? value : spelledMs(value);
  if (ms === undefined || !Number.isFinite(ms) || ms <= 0 || ms > longestMs) {
    throw new TidegateError(
      'invalid_definition',
      `duration ${typeof value === 'string' ? quote(value) : String(value)} is not valid: write a positive number and a unit, as in '15 minutes' or '10s'`,
    );
  }
  return Math.round(ms);
}

function spelledMs(value: string): number | undefined {
  const [, amount, unit] = spelling.exec(value) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const written = unit.toLowerCase();
  // As it is written first: the 's' of 'ms' is no plural.
  const known = unitMs[written] ?? unitMs[written.replace(/s$/, '')];
  return known === undefined ? undefined : Number(amount) * known;
}
