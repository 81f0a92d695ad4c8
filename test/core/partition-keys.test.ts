import * as fc from 'fast-check';
import { targetKeys } from '../../core/partition-keys.ts';
import { aMapper, anyMapperJson } from './partition-arbitraries.ts';

const targetsOf = (mapper: unknown, key: string) => targetKeys(aMapper(mapper), key);
const keys = (...expected: readonly string[]) => ({ kind: 'keys', keys: expected });
const reason = (text: string | RegExp) => ({ kind: 'refused', reason: expect.stringMatching(text) });

describe('the target key of a mapper that is', () => {
  it('identity is the key itself', () => {
    expect(targetsOf({ type: 'identity' }, 'a|b')).toEqual(keys('a|b'));
  });

  it('fixed is that key', () => {
    expect(targetsOf({ type: 'fixed', key: 'all' }, 'eu')).toEqual(keys('all'));
  });

  it('allowed is the key itself, if it is one of them', () => {
    const mapper = { type: 'allowed', keys: ['eu', 'us'] };
    expect(targetsOf(mapper, 'eu')).toEqual(keys('eu'));
    expect(targetsOf(mapper, 'EU')).toEqual(
      reason('key "EU" is not taken: it is none of the 2 allowed keys'),
    );
  });

  it.each([
    ['hour', '2024-03-13T10'],
    ['day', '2024-03-13'],
    ['week', '2024-03-11 (W11)'],
    ['month', '2024-03'],
    ['quarter', '2024-Q1'],
    ['year', '2024'],
  ])('the start of a %s is %p unless it says otherwise', (unit, target) => {
    expect(targetsOf({ type: 'startOf', unit }, '2024-03-13T10:42:15')).toEqual(keys(target));
  });

  it.each([
    ['2024-03-13', '2024-03', { unit: 'month', inputFormat: '%Y-%m-%d' }],
    ['2024-03', '2024-03-01', { unit: 'day', inputFormat: '%Y-%m' }],
    ['2024-W40', '2024-09', { unit: 'month', inputFormat: '%G-W%V' }],
    ['2024-12', '2024/4', { unit: 'quarter', inputFormat: '%Y-%m', outputFormat: '%Y/{quarter}' }],
    ['2026-01-01', '2026-W01', { unit: 'week', inputFormat: '%Y-%m-%d', outputFormat: '%G-W%V' }],
    ['2021-01-03', '2020-12-28 (W53)', { unit: 'week', inputFormat: '%Y-%m-%d' }],
    ['2024-12-31', '2024-12-30 (W01)', { unit: 'week', inputFormat: '%Y-%m-%d' }],
    ['29.02.2024', '2024', { unit: 'year', inputFormat: '%d.%m.%Y' }],
  ])('the start of a unit turns %s into %s by the formats of both', (key, target, options) => {
    expect(targetsOf({ type: 'startOf', ...options }, key)).toEqual(keys(target));
  });

  it.each(['2024-03-13', '2024-02-30T00:00:00', 'orders', '', '0999-12-31T00:00:00', '9999-12-31T00:00:00x'])(
    'the start of a day is refused of what is not written as a time: %p',
    (key) => {
      expect(targetsOf({ type: 'startOf', unit: 'day' }, key)).toEqual(
        reason(
          / is not taken: it is no time from the years 1000 to 9999 as "%Y-%m-%dT%H:%M:%S" writes it: give the mapper the inputFormat of its keys, such as '%Y-%m-%d'$/,
        ),
      );
    },
  );

  it('the start of a week is refused where the week ends in year 10000', () => {
    const mapper = { type: 'startOf', unit: 'week', inputFormat: '%Y-%m-%d' };
    expect(targetsOf(mapper, '9999-12-31')).toHaveProperty('kind', 'refused');
    expect(targetsOf(mapper, '9999-12-26')).toEqual(keys('9999-12-20 (W51)'));
  });

  it('a product maps each dimension', () => {
    const day = { type: 'startOf', unit: 'day', inputFormat: '%Y-%m-%dT%H' };
    const mapper = { type: 'product', mappers: [day, { type: 'allowed', keys: ['eu'] }] };
    expect(targetsOf(mapper, '2024-03-13T10|eu')).toEqual(keys('2024-03-13|eu'));
    expect(targetsOf(mapper, '2024-03-13T10|us')).toEqual(
      reason('its dimension 2: key "us" is not taken: it is none of the 1 allowed keys'),
    );
    for (const [key, count] of [
      ['2024-03-13T10', 1],
      ['a|b|c', 3],
      ['', 1],
    ] as const)
      expect(targetsOf(mapper, key)).toEqual(
        reason(`it has ${count}, and 2 dimensions separated by '\\|' are expected`),
      );
  });

  it('a chain maps one after the other', () => {
    const day = { type: 'startOf', unit: 'day' };
    const month = { type: 'startOf', unit: 'month', inputFormat: '%Y-%m-%d' };
    expect(targetsOf({ type: 'chain', mappers: [day, month] }, '2024-03-13T10:42:15')).toEqual(
      keys('2024-03'),
    );
    expect(targetsOf({ type: 'chain', mappers: [month, day] }, '2024-03-13')).toEqual(
      reason('key "2024-03-13" is not taken: key "2024-03" is not taken: it is no time'),
    );
  });

  it('a roll-up is that of the mapper in it', () => {
    const mapper = { type: 'startOf', unit: 'quarter', inputFormat: '%Y-%m' };
    const rollUp = { type: 'rollup', mapper, window: { window: 'quarter' } };
    expect(targetsOf(rollUp, '2024-05')).toEqual(keys('2024-Q2'));
    expect(targetsOf(rollUp, '2024-05-01')).toHaveProperty('kind', 'refused');
  });
});

describe('the zone of a mapper', () => {
  const startOf = (unit: string, timezone: string, inputFormat: string, outputFormat?: string) => ({
    ...{ type: 'startOf', unit, timezone, inputFormat },
    ...(outputFormat === undefined ? {} : { outputFormat }),
  });

  it('says in which day an instant lies', () => {
    const [berlin, kathmandu] = ['Europe/Berlin', 'Asia/Kathmandu'].map((zone) =>
      startOf('day', zone, '%FT%T%z'),
    );
    expect(targetsOf(berlin, '2024-03-13T23:30:00Z')).toEqual(keys('2024-03-14'));
    expect(targetsOf(berlin, '2024-03-13T23:30:00+01:00')).toEqual(keys('2024-03-13'));
    expect(targetsOf(kathmandu, '2024-03-13T18:14:59Z')).toEqual(keys('2024-03-13'));
    expect(targetsOf(kathmandu, '2024-03-13T18:15:00Z')).toEqual(keys('2024-03-14'));
  });

  it('is that of a key without an offset', () => {
    expect(targetsOf(startOf('day', 'Asia/Tokyo', '%FT%T', '%F%z'), '2024-03-13T23:30:00')).toEqual(
      keys('2024-03-13+0900'),
    );
  });

  it('tells an hour from the same one after clocks were set back, where offsets are written', () => {
    const mapper = startOf('hour', 'America/New_York', '%FT%H:%M%z', '%FT%H%z');
    expect(targetsOf(mapper, '2024-11-03T01:30-0400')).toEqual(keys('2024-11-03T01-0400'));
    expect(targetsOf(mapper, '2024-11-03T01:30-0500')).toEqual(keys('2024-11-03T01-0500'));
    expect(targetsOf(startOf('hour', 'America/New_York', '%FT%H:%M', '%FT%H%z'), '2024-11-03T01:30')).toEqual(
      keys('2024-11-03T01-0400'),
    );
  });

  it('moves what its clocks skipped as far as they were set', () => {
    expect(targetsOf(startOf('hour', 'America/New_York', '%FT%H:%M'), '2024-03-10T02:30')).toEqual(
      keys('2024-03-10T03'),
    );
    expect(targetsOf(startOf('day', 'Pacific/Apia', '%F'), '2011-12-30')).toEqual(keys('2011-12-31'));
  });

  it('begins a day after midnight where clocks skipped that', () => {
    const mapper = startOf('day', 'Asia/Beirut', '%F', '%FT%H:%M%z');
    expect(targetsOf(mapper, '2022-03-27')).toEqual(keys('2022-03-27T01:00+0300'));
  });
});

describe('a fan-out', () => {
  const startOf = (unit: string, inputFormat: string, timezone = 'UTC') => ({
    ...{ type: 'startOf', unit, inputFormat, timezone },
  });
  const fanOut = (mapper: unknown, rest: object = {}) => ({ type: 'fanout', mapper, ...rest });

  it.each([
    ['hour', '2024-03-13T10', 60, '2024-03-13T10:00', '2024-03-13T10:59', '%FT%H'],
    ['day', '2024-03-13', 24, '2024-03-13T00', '2024-03-13T23', '%F'],
    ['week', '2024-03-13', 7, '2024-03-11', '2024-03-17', '%F'],
    ['week', '2024-12-31', 7, '2024-12-30', '2025-01-05', '%F'],
    ['month', '2024-02', 29, '2024-02-01', '2024-02-29', '%Y-%m'],
    ['quarter', '2024-Q4', 3, '2024-10', '2024-12', '%Y-Q%q'],
    ['year', '2024', 12, '2024-01', '2024-12', '%Y'],
  ])('of a %s turns %s into %d keys, from %s to %s', (unit, key, count, first, last, format) => {
    const mapped = targetsOf(fanOut(startOf(unit, format)), key);
    if (mapped.kind === 'refused') throw new Error(mapped.reason);
    expect([mapped.keys.length, mapped.keys[0], mapped.keys.at(-1)]).toEqual([count, first, last]);
    expect(targetsOf(fanOut(startOf(unit, format), { window: { window: unit } }), key)).toEqual(mapped);
  });

  it('writes its keys as it is told', () => {
    expect(targetsOf(fanOut(startOf('quarter', '%Y-Q%q'), { outputFormat: '%b %Y' }), '2024-Q1')).toEqual(
      keys('Jan 2024', 'Feb 2024', 'Mar 2024'),
    );
  });

  it('of segments is all of them, for keys that the mapper takes', () => {
    const mapper = fanOut({ type: 'allowed', keys: ['all'] }, { window: { segments: ['eu', 'us', 'eu'] } });
    expect(targetsOf(mapper, 'all')).toEqual(keys('eu', 'us'));
    expect(targetsOf(mapper, 'some')).toHaveProperty('kind', 'refused');
  });

  it('of more keys than allowed is none of them', () => {
    const week = startOf('week', '%F');
    expect(targetsOf(fanOut(week, { maxKeys: 7 }), '2024-03-13')).toHaveProperty('keys.length', 7);
    expect(targetsOf(fanOut(week, { maxKeys: 6 }), '2024-03-13')).toEqual(
      reason('key "2024-03-13" is not taken: it becomes 7 keys, and maxKeys is 6'),
    );
    const many = Array.from({ length: 1_001 }, (_, index) => `k${index}`);
    expect(targetsOf(fanOut({ type: 'identity' }, { window: { segments: many } }), 'x')).toEqual(
      reason('1001 keys, and maxKeys is 1000'),
    );
  });

  it('of a day has the hours that there are', () => {
    const day = startOf('day', '%F', 'America/New_York');
    expect(targetsOf(fanOut(day), '2024-03-10')).toHaveProperty('keys.length', 23);
    expect(targetsOf(fanOut(day), '2024-11-03')).toHaveProperty('keys.length', 24);
    expect(targetsOf(fanOut(day, { outputFormat: '%FT%H%z' }), '2024-11-03')).toHaveProperty(
      'keys.length',
      25,
    );
  });

  it('of an hour that comes twice has the minutes of the one that is meant', () => {
    const hour = startOf('hour', '%FT%H%z', 'America/New_York');
    const mapped = targetsOf(fanOut(hour, { outputFormat: '%FT%H:%M%z' }), '2024-11-03T01-0500');
    expect(mapped).toHaveProperty('keys.length', 60);
    expect(mapped).toHaveProperty('keys.0', '2024-11-03T01:00-0500');
  });

  it('in a chain is gone on with from each of its keys', () => {
    const months = fanOut(startOf('quarter', '%Y-Q%q'));
    const days = fanOut(startOf('month', '%Y-%m'));
    const chain = { type: 'chain', mappers: [months, days] };
    expect(targetsOf(chain, '2024-Q1')).toHaveProperty('keys.length', 31 + 29 + 31);
    const back = { type: 'startOf', unit: 'year', inputFormat: '%F' };
    expect(targetsOf({ type: 'chain', mappers: [months, days, back] }, '2024-Q1')).toEqual(keys('2024'));
  });

  it('in a chain stops before it makes more than 10,000 keys', () => {
    const mappers = ['year:%Y', 'month:%Y-%m', 'day:%F', 'hour:%FT%H'].map((step) => {
      const [unit = '', format = ''] = step.split(/:(.*)/);
      return fanOut(startOf(unit, format));
    });
    expect(targetsOf({ type: 'chain', mappers: mappers.slice(0, 3) }, '2024')).toHaveProperty(
      'keys.length',
      366 * 24,
    );
    expect(targetsOf({ type: 'chain', mappers }, '2024')).toEqual(reason('it becomes more than 10000 keys'));
  });
});

describe('keys that cannot be', () => {
  it('are refused when they would be too long or blank', () => {
    const twice = { type: 'startOf', unit: 'day', inputFormat: '%Y', outputFormat: '%Y'.padEnd(250, '%d') };
    expect(targetsOf({ type: 'identity' }, 'k'.repeat(250))).toEqual(keys('k'.repeat(250)));
    expect(targetsOf({ type: 'identity' }, 'k'.repeat(251))).toEqual(reason('keys have 1 to 250 characters'));
    expect(targetsOf({ type: 'identity' }, ' ')).toEqual(reason('keys have 1 to 250 characters'));
    expect(
      targetsOf({ type: 'product', mappers: [{ type: 'fixed', key: 'a'.repeat(250) }] }, 'x'),
    ).toHaveProperty('kind', 'keys');
    expect(targetsOf(twice, '2024')).toEqual(reason('keys have 1 to 250 characters'));
  });

  it('are shown cut where they are long', () => {
    const mapped = targetsOf({ type: 'allowed', keys: ['a'] }, 'k'.repeat(10_000));
    expect(mapped.kind === 'refused' && mapped.reason.length).toBeLessThan(250);
  });
});

describe('any mapper', () => {
  const anyKey = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom(
      '2024-03-13T10:42:15',
      '2024-11-03T01:30:00',
      'a|b',
      '|',
      '__proto__',
      '9999-12-31T23:59:59',
    ),
  );

  it('maps any text or refuses it, the same each time, and never throws', () => {
    fc.assert(
      fc.property(anyMapperJson(), anyKey, (mapper, key) => {
        const mapped = targetsOf(mapper, key);
        expect(targetsOf(mapper, key)).toEqual(mapped);
        expect(mapped.kind === 'refused' ? mapped.reason : mapped.keys).not.toHaveLength(0);
        expect(mapped.kind === 'refused' ? 1 : mapped.keys.length).toBe(1);
      }),
      { numRuns: 500 },
    );
  });

  it('is itself with identities before and after it', () => {
    const identity = { type: 'identity' };
    fc.assert(
      fc.property(anyMapperJson(), anyKey, (mapper, key) => {
        const alone = targetsOf(mapper, key);
        const chained = targetsOf({ type: 'chain', mappers: [identity, mapper, identity] }, key);
        expect(chained).toEqual(alone);
      }),
    );
  });

  it('in a product maps its own dimension as it does alone', () => {
    const anyDimension = fc.string({ maxLength: 20 }).map((text) => text.replaceAll('|', '/'));
    const anyDimensions = fc.array(fc.tuple(anyMapperJson(), anyDimension), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyDimensions, (dimensions) => {
        const alone = dimensions.map(([mapper, key]) => targetsOf({ type: 'chain', mappers: [mapper] }, key));
        const all = targetsOf(
          { type: 'product', mappers: dimensions.map(([mapper]) => mapper) },
          dimensions.map(([, key]) => key).join('|'),
        );
        fc.pre(alone.every((mapped) => mapped.kind === 'keys'));
        expect(all).toEqual(
          keys(alone.flatMap((mapped) => (mapped.kind === 'keys' ? mapped.keys : [])).join('|')),
        );
      }),
    );
  });
});
