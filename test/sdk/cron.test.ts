import * as fc from 'fast-check';
import { TidegateError } from '../../core/errors.ts';
import { cron } from '../../sdk/cron.ts';

const invalid = expect.objectContaining({ code: 'invalid_definition' });

const outcomeOf = (written: string): string => {
  try {
    return cron(written).expression;
  } catch (error) {
    return error instanceof TidegateError ? `${error.code}: ${error.message}` : String(error);
  }
};

describe('cron', () => {
  it.each([
    ['0 6 * * MON-FRI', '0 6 * * MON-FRI'],
    ['  */15 0-23/2  1,15 jan-dec *  ', '*/15 0-23/2 1,15 JAN-DEC *'],
    ['0 0 * * 5-7', '0 0 * * 5-7'],
    ['0 0 29 2 *', '0 0 29 2 *'],
    ['@hourly', '@hourly'],
    ['@Midnight', '@daily'],
    ['@annually', '@yearly'],
  ])('takes %p as %p', (written, expression) => {
    expect(cron(written)).toMatchObject({ expression, timezone: 'UTC' });
  });

  it.each([
    ['* * * *', 'it has 4 fields'],
    ['', 'it has 0 fields'],
    ['0 * * * * *', 'it has 6 fields'],
    ['0 0 12 * * ? 2026', 'it has 7 fields'],
    ['0 0 * * MON#1', 'start of a comment'],
    ['0 0 L * *', 'out of range'],
    ['0 0 * * 5L', 'out of range'],
    ['0 0 15W * *', 'out of range'],
    ['0 0 ? * *', "'?' are not known"],
    ['60 * * * *', 'minute "60" is out of range: use 0 to 59'],
    ['* 24 * * *', 'hour "24"'],
    ['* * 0 * *', 'day of month "0"'],
    ['* * * 13 *', 'month "13" is out of range: use 1 to 12 or JAN to DEC'],
    ['* * * * 8', 'day of week "8"'],
    ['* * * MON *', 'month "MON"'],
    ['30-10 * * * *', 'ends before it starts'],
    ['* * * * FRI-MON', 'ends before it starts'],
    ['5/10 * * * *', "write '5-59/10'"],
    ['*/0 * * * *', 'step'],
    ['*/60 * * * *', 'step'],
    ['1,,2 * * * *', 'is not one'],
    ['-1 * * * *', 'is not one'],
    ['0 0 13 * FRI', 'restrict only one'],
    ['0 0 31 4,6 *', 'it would never run'],
    ['@every 30s', 'that preset is not known'],
    ['CRON_TZ=Europe/Berlin 0 6 * * *', 'give the zone as an option'],
  ])('refuses %p: %s', (written, reason) => {
    expect(() => cron(written)).toThrow(invalid);
    expect(() => cron(written)).toThrow(reason);
  });

  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['utc', 'UTC'],
    ['europe/berlin', 'Europe/Berlin'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('takes the zone %p as %p', (written, timezone) => {
    expect(cron('@daily', { timezone: written })).toMatchObject({ timezone });
  });

  it.each(['Europe/Atlantis', '+02:00', '', 'Europe/', 'local'])('refuses the zone %p', (timezone) => {
    expect(() => cron('@daily', { timezone })).toThrow(invalid);
  });

  const anyItem = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max: Math.max(1, max) }).map((step) => `*/${step}`),
      fc
        .tuple(
          fc.integer({ min, max }),
          fc.integer({ min, max }),
          fc.option(fc.integer({ min: 1, max }), { nil: null }),
        )
        .map(([a, b, step]) => `${Math.min(a, b)}-${Math.max(a, b)}${step === null ? '' : `/${step}`}`),
    );
  const anyField = (min: number, max: number) =>
    fc.array(anyItem(min, max), { minLength: 1, maxLength: 3 }).map((items) => items.join(','));

  it('takes every expression of numbers, ranges, lists and steps that lie within their fields', () => {
    fc.assert(
      fc.property(
        anyField(0, 59),
        anyField(0, 23),
        anyField(1, 28),
        anyField(1, 12),
        (minute, hour, day, month) => {
          const written = `${minute} ${hour} ${day} ${month} *`;
          expect(cron(written).expression).toBe(written);
          expect(cron(cron(written).expression)).toMatchObject({ expression: written });
        },
      ),
    );
  });

  it('either takes any other text or refuses it with one clear error', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\d*,/@#LW?A-Z -]{0,20}$/), (written) => {
        expect(outcomeOf(written)).toMatch(/^(?:[^#?]+|invalid_definition: cron .+ is not valid: .+)$/);
      }),
    );
  });
});
