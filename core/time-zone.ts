import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { type WallTime, wallTimeOf } from './wall-time.ts';

// What zones are comes with the Node that runs, so none of this may be asked by a workflow: another Node could replay it differently.

const zoneName = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
const dayMs = 86_400_000;

/** Making a clock costs as much as reading it a hundred times. Only names of zones get in, so there are at most some hundred. */
const clocks = new Map<string, Intl.DateTimeFormat>();

/**
 * The name of a time zone as IANA spells it.
 * @throws TidegateError `invalid_definition` when there is no zone of that name
 */
export function parseTimezone(timezone: string): string {
  try {
    // Temporal looks zones up by name, so offsets such as +02:00, which Intl takes, are none.
    if (zoneName.test(timezone)) {
      const canonical = new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
      return canonical.toLowerCase() === timezone.toLowerCase() ? canonical : timezone;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new TidegateError(
    'invalid_definition',
    `time zone ${quote(timezone)} is not known: use an IANA name such as 'Europe/Berlin'`,
  );
}

/** How far the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(timezone: string, at: number): number {
  if (timezone === 'UTC') return 0;
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clockOf(timezone).formatToParts(at)) shown[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = shown;
  const wall = wallTimeOf(year, month, day, ((hour * 60 + minute) * 60 + second) * 1_000);
  return wall - Math.floor(at / 1_000) * 1_000;
}

/** The instants at which the clocks of a zone show a time, in order: two where they were set back over it, none where they were set forward. */
export function instantsOf(timezone: string, wall: WallTime): readonly number[] {
  const [before, after] = [offsetAt(timezone, wall - dayMs), offsetAt(timezone, wall + dayMs)];
  if (before === after) return [wall - before];
  return [before, after]
    .map((offset) => ({ offset, at: wall - offset }))
    .filter(({ offset, at }) => offsetAt(timezone, at) === offset)
    .map(({ at }) => at)
    .toSorted((a, b) => a - b);
}

/** The first instant at which the clocks of a zone show a time; a time they skipped is as much later as they were set forward. */
export function instantOf(timezone: string, wall: WallTime): number {
  return instantsOf(timezone, wall)[0] ?? wall - offsetAt(timezone, wall - dayMs);
}

function clockOf(timezone: string): Intl.DateTimeFormat {
  const known = clocks.get(timezone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en', {
    // Not 'iso8601', which in some versions of Node is Julian before 1582.
    ...{ timeZone: timezone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  });
  clocks.set(timezone, clock);
  return clock;
}
