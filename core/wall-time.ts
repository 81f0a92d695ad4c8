/** A date and time of day as clocks and calendars show it, whatever their zone: milliseconds since 1970 as if they were in UTC. */
export type WallTime = number;

/** What a partition key may stand for the beginning of, from short to long. */
export const calendarUnits = ['hour', 'day', 'week', 'month', 'quarter', 'year'] as const;

export type CalendarUnit = (typeof calendarUnits)[number];

/** A unit, or the minutes that an hour consists of. */
export type ClockUnit = CalendarUnit | 'minute';

/** What formats write of a wall time. Weeks are those of ISO 8601: from Monday, and of the year that most of their days are in. */
export interface WallFields {
  readonly year: number;
  /** 0 to 99. */
  readonly yearOfCentury: number;
  /** 1 to 4. */
  readonly quarter: number;
  readonly month: number;
  readonly day: number;
  readonly dayOfYear: number;
  readonly weekYear: number;
  readonly week: number;
  /** 1, Monday, to 7. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;
/** 5 January 1970. */
const firstMondayMs = 4 * dayMs;

/** Years that four digits name in one way. */
const years = { first: 1_000, last: 9_999 };

/** A wall time of parts that may run over: day 32 of January is 1 February. */
export function wallTimeOf(year: number, month: number, day: number, timeMs = 0): WallTime {
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return new Date(0).setUTCFullYear(year, month - 1, day) + timeMs;
}

/** The first moment of an ISO week; week 1 has 4 January in it. */
export function startOfWeek(weekYear: number, week: number): WallTime {
  return startOf('week', wallTimeOf(weekYear, 1, 4)) + (week - 1) * weekMs;
}

/** The first moment of the unit that a time lies in. */
export function startOf(unit: ClockUnit, time: WallTime): WallTime {
  switch (unit) {
    case 'minute':
      return floor(time, minuteMs);
    case 'hour':
      return floor(time, hourMs);
    case 'day':
      return floor(time, dayMs);
    case 'week':
      return floor(time - firstMondayMs, weekMs) + firstMondayMs;
    case 'month':
    case 'quarter':
    case 'year': {
      const { year, month } = fieldsOf(time);
      const months = monthsIn(unit);
      return wallTimeOf(year, month - ((month - 1) % months), 1);
    }
  }
}

/** The first moment after the unit that begins at a time. */
export function endOf(unit: ClockUnit, start: WallTime): WallTime {
  switch (unit) {
    case 'minute':
      return start + minuteMs;
    case 'hour':
      return start + hourMs;
    case 'day':
      return start + dayMs;
    case 'week':
      return start + weekMs;
    case 'month':
    case 'quarter':
    case 'year': {
      const { year, month } = fieldsOf(start);
      return wallTimeOf(year, month + monthsIn(unit), 1);
    }
  }
}

/** Whether a time is in a year of four digits that does not begin with 0. */
export function isNameable(time: WallTime): boolean {
  return time >= wallTimeOf(years.first, 1, 1) && time < wallTimeOf(years.last + 1, 1, 1);
}

/** Whether a value is the name of a unit. */
export function isCalendarUnit(value: unknown): value is CalendarUnit {
  return calendarUnits.some((unit) => unit === value);
}

/** What calendars and clocks show at a time. */
export function fieldsOf(time: WallTime): WallFields {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  const thursday = startOf('week', time) + 3 * dayMs;
  const weekYear = new Date(thursday).getUTCFullYear();
  return {
    ...{ year, yearOfCentury: year % 100, quarter: Math.ceil(month / 3), month, day: date.getUTCDate() },
    dayOfYear: Math.floor((time - wallTimeOf(year, 1, 1)) / dayMs) + 1,
    weekYear,
    week: Math.floor((thursday - wallTimeOf(weekYear, 1, 1)) / weekMs) + 1,
    weekday: date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
    ...{ hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() },
  };
}

function monthsIn(unit: 'month' | 'quarter' | 'year'): number {
  return { month: 1, quarter: 3, year: 12 }[unit];
}

function floor(time: number, step: number): number {
  return Math.floor(time / step) * step;
}
