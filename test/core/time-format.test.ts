import * as fc from 'fast-check';
import { isReadable, parseFormat, readTime, tells, writeTime } from '../../core/time-format.ts';
import { calendarUnits } from '../../core/wall-time.ts';
import { anyInstant } from './partition-arbitraries.ts';

const wall = (text: string): number => Date.parse(`${text}Z`);
const moment = wall('2024-03-13T10:42:15');

describe('a format', () => {
  it.each([
    ['%Y-%m-%dT%H:%M:%S', '2024-03-13T10:42:15'],
    ['%FT%T', '2024-03-13T10:42:15'],
    ['%y%m%d', '240313'],
    ['%d %b %Y', '13 Mar 2024'],
    ['%B %Y', 'March 2024'],
    ['%Y/%j', '2024/073'],
    ['%G-W%V-%u', '2024-W11-3'],
    ['%Y-Q%q', '2024-Q1'],
    ['%Y-Q{quarter}', '2024-Q1'],
    ['%Y-%m-%d %H%z', '2024-03-13 10+0530'],
    ['year %Y: 100%%F %%Y {x}', 'year 2024: 100%F %Y {x}'],
  ])('%p writes %p, and reads it again', (format, text) => {
    expect(writeTime(format, moment, 19_800_000)).toBe(text);
    expect(readTime(format, text)).toBeDefined();
    expect(writeTime(format, readTime(format, text)?.wall ?? 0, 19_800_000)).toBe(text);
  });

  it.each([
    ['2020-12-28', '2020-W53-1'],
    ['2021-01-03', '2020-W53-7'],
    ['2021-01-04', '2021-W01-1'],
    ['2024-12-30', '2025-W01-1'],
    ['2026-01-01', '2026-W01-4'],
  ])('counts the week of %s in the ISO year: %s', (date, text) => {
    expect(writeTime('%G-W%V-%u', wall(`${date}T00:00`), 0)).toBe(text);
    expect(readTime('%G-W%V-%u', text)?.wall).toBe(wall(`${date}T00:00`));
  });

  it.each([
    ['%Q', '%Q'],
    ['%Y-%', '%'],
    ['%-d', '%-'],
    ['%Z', '%Z'],
    ['%é', '%é'],
  ])('%p is refused, and its code named', (format, code) => {
    expect(() => parseFormat(format, 'inputFormat')).toThrow(
      `inputFormat ${JSON.stringify(format)} is not valid: ${code} is not known here: use %Y %y %q`,
    );
  });

  it.each(['', 'x'.repeat(251)])('is refused when it is empty or too long', (format) => {
    expect(() => parseFormat(format)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });
});

describe('reading a time', () => {
  it.each([
    ['%Y', '2024', '2024-01-01T00:00'],
    ['%Y-%m', '2024-02', '2024-02-01T00:00'],
    ['%Y-Q%q', '2024-Q3', '2024-07-01T00:00'],
    ['%G-W%V', '2020-W53', '2020-12-28T00:00'],
    ['%Y-%j', '2024-366', '2024-12-31T00:00'],
    ['%y', '68', '2068-01-01T00:00'],
    ['%y', '69', '1969-01-01T00:00'],
    ['%Y-%m-%d (W%V)', '2024-03-11 (W11)', '2024-03-11T00:00'],
    ['%Y/%Y-%m', '2024/2024-05', '2024-05-01T00:00'],
  ])('by %s of %s is the first moment that is meant', (format, text, expected) => {
    expect(readTime(format, text)).toEqual({ wall: wall(expected), offsetMs: undefined });
  });

  it.each([
    ['Z', 0],
    ['+0000', 0],
    ['+05:30', 19_800_000],
    ['-0330', -12_600_000],
    ['+005328', 3_208_000],
  ])('takes the offset %s', (offset, offsetMs) => {
    expect(readTime('%Y-%m-%d%z', `2024-03-13${offset}`)).toEqual({
      wall: wall('2024-03-13T00:00'),
      offsetMs,
    });
  });

  it.each([
    ['%Y-%m-%d', '2024-02-30'],
    ['%Y-%m-%d', '2024-3-1'],
    ['%Y-%m-%d', '2024-03-13 '],
    ['%Y-%m-%d', ' 2024-03-13'],
    ['%Y-%m-%d', '2024-03-13T00:00:00'],
    ['%Y-%m-%d', '2024-13-01'],
    ['%Y-%m-%d', '2024-00-01'],
    ['%Y-%m-%d', '２０２４-03-13'],
    ['%Y-%m-%d', '+024-03-13'],
    ['%H:%M:%S %Y', '24:00:00 2024'],
    ['%H:%M:%S %Y', '23:59:60 2024'],
    ['%Y-%m-%d (W%V)', '2024-03-11 (W12)'],
    ['%Y-Q%q-%m', '2024-Q1-04'],
    ['%G-W%V', '2021-W53'],
    ['%G-W%V', '2021-W00'],
    ['%Y-%j', '2023-366'],
    ['%Y/%Y-%m', '2024/2025-05'],
    ['%d %b %Y', '13 mar 2024'],
    ['%d %b %Y', '13 March 2024'],
    ['%Y-%m-%d%z', '2024-03-13'],
    ['%Y-%m-%d%z', '2024-03-13+5'],
    ['%Y-%m-%d%z', '2024-03-13+0560'],
  ])('by %s of %p is refused', (format, text) => {
    expect(readTime(format, text)).toBeUndefined();
  });

  it('reads back any time that a format tells all of', () => {
    const formats = ['%Y-%m-%dT%H:%M:%S', '%Y%j%H%M%S', '%G-%V-%u %T', '%S.%M.%H %d. %B %Y', '%F%T%z'];
    fc.assert(
      fc.property(fc.constantFrom(...formats), anyInstant(), (format, at) => {
        const whole = Math.floor(at / 1_000) * 1_000;
        expect(readTime(format, writeTime(format, whole, 0))?.wall).toBe(whole);
      }),
    );
  });
});

describe('what a format tells apart', () => {
  it.each([
    ['%Y', ['year']],
    ['%Y-%q', ['quarter', 'year']],
    ['%Y-%m', ['month', 'quarter', 'year']],
    ['%b %y', ['month', 'quarter', 'year']],
    ['%G-W%V', ['week']],
    ['%Y-W%V', ['year']],
    ['%m-%d', []],
    ['%Y-%j', ['day', 'week', 'month', 'quarter', 'year']],
    ['%G-%V-%u', ['day', 'week', 'month', 'quarter', 'year']],
    ['%FT%H', ['hour', 'day', 'week', 'month', 'quarter', 'year']],
    ['%Y-%m %H', ['month', 'quarter', 'year']],
  ])('%s: %j', (format, units) => {
    expect(calendarUnits.filter((unit) => tells(format, unit))).toEqual(units);
  });

  it.each([
    ['%Y', true],
    ['%G-W%V', true],
    ['%Y-%m-%d (W%V)', true],
    ['%Y-W%V', false],
    ['%m-%d', false],
    ['orders', false],
  ])('%s can be read: %p', (format, can) => {
    expect(isReadable(format)).toBe(can);
  });
});
