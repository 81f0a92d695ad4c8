import * as fc from 'fast-check';
import type { RollUpMapper } from '../../core/partition-mapper.ts';
import { partOf, partStarts, periodAt, writePeriod } from '../../core/partition-period.ts';
import { targetKeys } from '../../core/partition-keys.ts';
import { expectedKeys, isWindowMet, windowOf } from '../../core/partition-window.ts';
import { type CalendarUnit, isCalendarUnit } from '../../core/wall-time.ts';
import { anyInstant, anyTimezone, anyUnit, aRollUp } from './partition-arbitraries.ts';

/** A roll-up of a unit of time; its source keys are written to the minute, and say the offset where they are to. */
function rollUpOf(unit: CalendarUnit, options: object = {}, wait?: unknown): RollUpMapper {
  return aRollUp({ type: 'startOf', unit, ...options }, { window: unit }, wait);
}

const regions = { segments: ['eu', 'us', 'asia'] };
const byRegion = (wait?: unknown) => aRollUp({ type: 'fixed', key: 'all' }, regions, wait);
const minutes = '%FT%H:%M';

describe('the window of', () => {
  it.each([
    ['hour', '2024-03-13T10', 60, '2024-03-13T10:00', '2024-03-13T10:59', minutes],
    ['day', '2024-03-13', 24, '2024-03-13T00', '2024-03-13T23', '%FT%H'],
    ['week', '2024-03-11 (W11)', 7, '2024-03-11', '2024-03-17', '%F'],
    ['week', '2024-12-30 (W01)', 7, '2024-12-30', '2025-01-05', '%F'],
    ['week', '2020-12-28 (W53)', 7, '2020-W53-1', '2020-W53-7', '%G-W%V-%u'],
    ['month', '2024-02', 29, '2024-02-01', '2024-02-29', '%F'],
    ['month', '2023-02', 28, '2023-02-01', '2023-02-28', '%F'],
    ['quarter', '2024-Q1', 3, '2024-01', '2024-03', '%Y-%m'],
    ['year', '2024', 12, '2024-01-01T00:00:00', '2024-12-01T00:00:00', '%FT%T'],
  ] as const)('a %s, %s, has %d keys, from %s to %s', (unit, target, count, first, last, inputFormat) => {
    const keys = expectedKeys(rollUpOf(unit, { inputFormat }), target);
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([count, first, last]);
  });

  it('segments has these, for the one key they map to', () => {
    expect(windowOf(byRegion(), 'all')).toEqual({ kind: 'window', keys: ['eu', 'us', 'asia'], needed: 3 });
    expect(windowOf(byRegion(), 'some')).toHaveProperty('kind', 'refused');
  });

  it.each([
    ['Europe/Berlin', '2024-03-31', 23, 23],
    ['Europe/Berlin', '2024-10-27', 25, 24],
    ['America/New_York', '2024-03-10', 23, 23],
    ['America/New_York', '2024-11-03', 25, 24],
    ['America/Sao_Paulo', '2018-02-17', 25, 24],
    ['America/Sao_Paulo', '2018-11-04', 23, 23],
    ['Australia/Lord_Howe', '2024-10-06', 24, 24],
    ['Antarctica/Troll', '2024-03-31', 22, 22],
    ['UTC', '2024-03-31', 24, 24],
  ])('a day in %s, %s, has %d hours, which are %d without offsets', (timezone, day, hours, written) => {
    expect(expectedKeys(rollUpOf('day', { timezone, inputFormat: '%FT%H:%M%z' }), day)).toHaveLength(hours);
    expect(expectedKeys(rollUpOf('day', { timezone, inputFormat: minutes }), day)).toHaveLength(written);
  });

  it('an hour that comes twice has 60 minutes, or with offsets 120, or 60 of each', () => {
    const timezone = 'America/New_York';
    const of = (inputFormat: string, outputFormat: string, target: string) =>
      expectedKeys(rollUpOf('hour', { timezone, inputFormat, outputFormat }), target);
    expect(of(minutes, '%FT%H', '2024-11-03T01')).toHaveLength(60);
    expect(of(`${minutes}%z`, '%FT%H', '2024-11-03T01')).toHaveLength(120);
    expect(of(`${minutes}%z`, '%FT%H%z', '2024-11-03T01-0400').at(-1)).toBe('2024-11-03T01:59-0400');
    expect(of(`${minutes}%z`, '%FT%H%z', '2024-11-03T01-0500')[0]).toBe('2024-11-03T01:00-0500');
    expect(of(minutes, '%FT%H%z', '2024-11-03T01-0500')).toEqual([]);
  });

  it('a month in which clocks skipped a day has a day less', () => {
    const keys = expectedKeys(rollUpOf('month', { timezone: 'Pacific/Apia', inputFormat: '%F' }), '2011-12');
    expect(keys).toHaveLength(30);
    expect(keys).not.toContain('2011-12-30');
  });

  it('a day whose midnight clocks skipped is written by its first moment', () => {
    const keys = expectedKeys(
      rollUpOf('week', { timezone: 'Asia/Beirut', inputFormat: '%FT%T%z' }),
      '2022-03-21 (W12)',
    );
    expect(keys.at(-1)).toBe('2022-03-27T01:00:00+0300');
  });

  it('a day whose midnight comes twice is there once', () => {
    const rollUp = rollUpOf('week', { timezone: 'America/Havana', inputFormat: '%FT%T%z' });
    const keys = expectedKeys(rollUp, '2024-10-28 (W44)');
    expect(keys).toHaveLength(7);
    expect(keys.at(-1)).toBe('2024-11-03T00:00:00-0400');
  });

  it.each(['2024-03-12 (W11)', '2024-03-11 (W12)', '2024-03-11', '', 'all', '9999-12-27 (W52)'])(
    'no key that the roll-up does not make has any: %p',
    (target) => {
      const rollUp = rollUpOf('week', { inputFormat: '%F' });
      expect(expectedKeys(rollUp, target)).toEqual([]);
      expect(windowOf(rollUp, target)).toEqual({
        kind: 'refused',
        reason: `key ${JSON.stringify(target)} is no target key of the roll-up`,
      });
      expect(isWindowMet(rollUp, target, [target])).toBe(false);
    },
  );
});

describe('a roll-up', () => {
  it.each([
    [undefined, 3],
    [{ min: 1 }, 1],
    [{ min: 3 }, 3],
    [{ min: 4 }, 4],
    [{ min: -1 }, 2],
    [{ min: -2 }, 1],
    [{ min: -3 }, 1],
    [{ min: -100 }, 1],
  ])('that waits for %j of three keys takes %d', (wait, needed) => {
    expect(windowOf(byRegion(wait), 'all')).toHaveProperty('needed', needed);
  });

  it('is met by enough keys of the window, and others do not count', () => {
    expect(isWindowMet(byRegion(), 'all', ['eu', 'us', 'mars'])).toBe(false);
    expect(isWindowMet(byRegion(), 'all', ['asia', 'eu', 'mars', 'us'])).toBe(true);
    expect(isWindowMet(byRegion({ min: 2 }), 'all', ['eu', 'eu', 'mars'])).toBe(false);
    expect(isWindowMet(byRegion({ min: 2 }), 'all', ['eu', 'us'])).toBe(true);
    expect(isWindowMet(byRegion({ min: -3 }), 'all', ['mars'])).toBe(false);
    expect(isWindowMet(byRegion({ min: 4 }), 'all', ['asia', 'eu', 'us', 'mars'])).toBe(false);
  });

  it('takes only the beginnings of the parts, though others map to its key as well', () => {
    const week = rollUpOf('week');
    const late = '2024-03-11T05:00:00';
    expect(targetKeys(week, late)).toEqual({ kind: 'keys', keys: ['2024-03-11 (W11)'] });
    expect(expectedKeys(week, '2024-03-11 (W11)')).not.toContain(late);
  });

  it('with a negative wait takes as many as the month has days, but so many', () => {
    const month = rollUpOf('month', { inputFormat: '%F' }, { min: -2 });
    expect(windowOf(month, '2024-02')).toHaveProperty('needed', 27);
    expect(windowOf(month, '2024-03')).toHaveProperty('needed', 29);
  });

  it('is met by more keys where it is met by fewer, as counting says', () => {
    const anyWait = fc.option(fc.integer({ min: -4, max: 4 }).filter((min) => min !== 0));
    const anyKeys = fc.array(fc.constantFrom('eu', 'us', 'asia', 'mars'));
    fc.assert(
      fc.property(anyWait, anyKeys, anyKeys, (min, some, more) => {
        const rollUp = byRegion(min === null ? undefined : { min });
        const count = new Set(some.filter((key) => key !== 'mars')).size;
        const needed = min === null ? 3 : min > 0 ? min : Math.max(1, 3 + min);
        expect(isWindowMet(rollUp, 'all', some)).toBe(count >= needed);
        const isMetByMore = isWindowMet(rollUp, 'all', [...some, ...more]);
        expect(isMetByMore || !isWindowMet(rollUp, 'all', some)).toBe(true);
      }),
    );
  });
});

describe('any window of time', () => {
  const anyInput = fc.constantFrom('%FT%T', '%FT%T%z', '%G-W%V-%u %T', '%Y%j%H%M%S');
  const targetOf = (rollUp: RollUpMapper, key: string): string => {
    const mapped = targetKeys(rollUp, key);
    return mapped.kind === 'keys' ? (mapped.keys[0] ?? '') : mapped.reason;
  };

  it('consists of keys that map to its own', () => {
    fc.assert(
      fc.property(anyUnit(), anyTimezone(), anyInput, anyInstant(), (unit, timezone, inputFormat, at) => {
        const rollUp = rollUpOf(unit, { timezone, inputFormat });
        const target = targetOf(rollUp, writePeriod(inputFormat, { timezone, startAt: at }));
        const keys = expectedKeys(rollUp, target);
        expect(keys.length).toBeGreaterThan(0);
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) expect(targetOf(rollUp, key)).toBe(target);
      }),
      { numRuns: 100 },
    );
  });

  it('holds the part that each of its instants lies in, and no other does', () => {
    const anyOffset = fc.constantFrom(-400, -31, -7, -1, 1, 7, 31, 400).map((days) => days * 86_400_000);
    fc.assert(
      fc.property(anyUnit(), anyTimezone(), anyInstant(), anyOffset, (unit, timezone, at, away) => {
        const inputFormat = '%FT%T%z';
        const part = partOf[unit];
        if (!isCalendarUnit(part)) return;
        const rollUp = rollUpOf(unit, { timezone, inputFormat });
        const key = writePeriod(inputFormat, periodAt(part, timezone, at));
        const target = targetOf(rollUp, key);
        expect(expectedKeys(rollUp, target)).toContain(key);
        const other = targetOf(rollUp, writePeriod(inputFormat, { timezone, startAt: at + away }));
        expect(other === target || !expectedKeys(rollUp, other).includes(key)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('has the parts that a walk through it in small steps comes by', () => {
    const anyDay = fc.constantFrom<CalendarUnit>('day', 'week');
    fc.assert(
      fc.property(anyDay, anyTimezone(), anyInstant(), (unit, timezone, at) => {
        const period = periodAt(unit, timezone, at);
        const part = unit === 'day' ? 'hour' : 'day';
        const passed = new Set<number>();
        for (
          let now = period.startAt;
          periodAt(unit, timezone, now).startAt === period.startAt;
          now += 1_800_000
        )
          passed.add(periodAt(part, timezone, now).startAt);
        expect(partStarts(period)).toEqual([...passed].toSorted((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });

  it('begins where the one before it ends', () => {
    fc.assert(
      fc.property(anyUnit(), anyTimezone(), anyInstant(), anyInstant(), (unit, timezone, one, other) => {
        const [first, second] = [one, other]
          .toSorted((a, b) => a - b)
          .map((at) => periodAt(unit, timezone, at));
        expect(first?.startAt).toBeLessThanOrEqual(second?.startAt ?? 0);
        const { startAt } = periodAt(unit, timezone, one);
        expect(startAt).toBeLessThanOrEqual(one);
        expect(periodAt(unit, timezone, startAt).startAt).toBe(startAt);
        expect(periodAt(unit, timezone, startAt - 1).startAt).toBeLessThan(startAt);
      }),
      { numRuns: 200 },
    );
  });
});
