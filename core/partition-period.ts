import { readTime, writeTime } from './time-format.ts';
import { instantOf, instantsOf, offsetAt } from './time-zone.ts';
import { type CalendarUnit, type ClockUnit, endOf, isNameable, startOf, type WallTime } from './wall-time.ts';

/** One hour, day, week, month, quarter or year of a zone. */
export interface Period {
  readonly unit: CalendarUnit;
  readonly timezone: string;
  /** What clocks show when it begins, or would show if they had not been set forward over it. */
  readonly start: WallTime;
  /** When it begins. Tells an hour from the same one after clocks were set back. */
  readonly startAt: number;
}

/** How a key says in which period it lies. */
export interface PeriodReading {
  readonly unit: CalendarUnit;
  readonly timezone: string;
  readonly inputFormat: string;
}

/** What a unit of time consists of. */
export const partOf: Readonly<Record<CalendarUnit, ClockUnit>> = {
  hour: 'minute',
  day: 'hour',
  week: 'day',
  month: 'day',
  quarter: 'month',
  year: 'month',
};

/** The period that a key lies in; undefined where it is not written so, or not within the years 1000 to 9999. */
export function periodOf({ unit, timezone, inputFormat }: PeriodReading, key: string): Period | undefined {
  const read = readTime(inputFormat, key);
  if (read === undefined || !isNameable(read.wall)) return undefined;
  const at = read.offsetMs === undefined ? instantOf(timezone, read.wall) : read.wall - read.offsetMs;
  const period = periodAt(unit, timezone, at);
  return isNameable(period.start) && isNameable(endOf(unit, period.start) - 1) ? period : undefined;
}

/** The period that an instant lies in. */
export function periodAt(unit: CalendarUnit, timezone: string, at: number): Period {
  const start = startOf(unit, at + offsetAt(timezone, at));
  const starts = instantsOf(timezone, start);
  // A day begins once even where its first hour comes twice; of hours that come twice each begins.
  const startAt = unit === 'hour' ? starts.findLast((each) => each <= at) : starts[0];
  return { unit, timezone, start, startAt: startAt ?? instantOf(timezone, start) };
}

/** The beginning of a period as a format writes it. */
export function writePeriod(
  format: string,
  { timezone, startAt }: Pick<Period, 'timezone' | 'startAt'>,
): string {
  const offsetMs = offsetAt(timezone, startAt);
  return writeTime(format, startAt + offsetMs, offsetMs);
}

/**
 * When the parts of a period begin, in order: 23, 24 or 25 hours of a day, and of a minute that comes twice both. Parts that clocks
 * were set forward over are none.
 */
export function partStarts({ unit, timezone, start }: Period): readonly number[] {
  const part = partOf[unit];
  const starts: number[] = [];
  for (let wall = start; wall < endOf(unit, start); wall = endOf(part, wall)) {
    const instants = instantsOf(timezone, wall);
    if (instants.length === 0) {
      const later = instantOf(timezone, wall);
      if (startOf(part, later + offsetAt(timezone, later)) === wall) starts.push(later);
    } else starts.push(...(part === 'hour' || part === 'minute' ? instants : instants.slice(0, 1)));
  }
  return starts.toSorted((a, b) => a - b);
}
