import * as fc from 'fast-check';
import { TidegateError } from '../../core/errors.ts';
import { parsePartitioned } from '../../core/parse-partitioned.ts';
import { mapperFor, warningsOf } from '../../core/partitioned.ts';
import { anyMapperJson, aMapper } from './partition-arbitraries.ts';
import { throughJson } from '../support/core.ts';

const parse = (value: unknown) => parsePartitioned('partitioned', value);
const byDefault = (mapper: unknown) => parse({ default: mapper });
const startOfWeek = { type: 'startOf', unit: 'week', inputFormat: '%F' };
const week = { type: 'rollup', mapper: startOfWeek, window: { window: 'week' } };
const allRegions = {
  type: 'rollup',
  mapper: { type: 'fixed', key: 'all' },
  window: { segments: ['eu', 'us'] },
};
const many = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`);
const nested = (depth: number): unknown =>
  depth === 1 ? { type: 'identity' } : { type: 'chain', mappers: [nested(depth - 1)] };

describe('what a scenario says of partitions', () => {
  it('is nothing, the keys of the events, or a mapper for each asset', () => {
    const identity = { type: 'identity' };
    expect(parse(false)).toBeNull();
    expect(parse(true)).toEqual({ default: identity, assets: {} });
    expect(parse({})).toEqual({ default: identity, assets: {} });
    expect(parse({ assets: { a: { type: 'fixed', key: 'x' } } })).toEqual({
      default: identity,
      assets: { a: { type: 'fixed', key: 'x' } },
    });
  });

  it('has all that was left out filled in', () => {
    expect(aMapper({ type: 'startOf', unit: 'quarter' })).toEqual({
      ...{ type: 'startOf', unit: 'quarter', timezone: 'UTC' },
      ...{ inputFormat: '%Y-%m-%dT%H:%M:%S', outputFormat: '%Y-Q%q' },
    });
    expect(aMapper({ type: 'fanout', mapper: startOfWeek })).toEqual({
      ...{ type: 'fanout', mapper: aMapper(startOfWeek), window: { window: 'week' } },
      ...{ outputFormat: '%Y-%m-%d', maxKeys: 1_000 },
    });
    expect(aMapper(allRegions)).toEqual(allRegions);
    expect(aMapper({ ...week, wait: { min: -2 } })).toHaveProperty('wait', { min: -2 });
    expect(aMapper({ type: 'allowed', keys: ['a', 'b', 'a'] })).toEqual({
      type: 'allowed',
      keys: ['a', 'b'],
    });
    expect(aMapper({ type: 'startOf', unit: 'day', timezone: 'europe/berlin' })).toHaveProperty(
      'timezone',
      'Europe/Berlin',
    );
  });

  it('finds the mapper of an asset by its name, whatever that is', () => {
    const assets: unknown = JSON.parse('{"__proto__": {"type": "fixed", "key": "p"}}');
    const partitioned = parse({ assets });
    if (partitioned === null) throw new Error('it is not by partition');
    expect(mapperFor(partitioned, '__proto__')).toEqual({ type: 'fixed', key: 'p' });
    expect(mapperFor(partitioned, 'constructor')).toEqual({ type: 'identity' });
  });

  it.each([
    [null, 'partitioned null is not valid: write false, true, or {"default": mapper'],
    ['true', 'partitioned "true" is not valid: write false, true'],
    [[], 'partitioned [] is not valid: write false, true'],
    [
      { asset: {} },
      'partitioned.asset {} is not valid: nothing of this name is known here, but default and assets',
    ],
    [{ assets: [] }, 'partitioned.assets [] is not valid: write an object with a mapper for each asset'],
    [{ assets: { ' ': {} } }, 'partitioned.assets " " is not valid: write the name of an asset'],
    [{ assets: { a: {} } }, 'partitioned.assets.a.type undefined is not valid: it is one of "identity"'],
    [
      { assets: Object.fromEntries(many(2_001).map((name) => [name, {}])) },
      'it names 2001 assets, 2000 are allowed',
    ],
    [{ assets: { ['n'.repeat(1_501)]: {} } }, 'a name has at most 1500 characters'],
    [
      { default: { type: 'allowed', keys: many(9_999) }, assets: { a: allRegions } },
      'it lists 10001 keys and segments',
    ],
  ])('is refused where it says %j', (value, message) => {
    expect(() => parse(value)).toThrow(message);
  });
});

describe('a mapper', () => {
  it.each([
    ['identity', 'partitioned.default "identity" is not valid: write an object with a "type"'],
    [
      { type: 'toString' },
      'partitioned.default.type "toString" is not valid: it is one of "identity", "fixed"',
    ],
    [{ type: 'identity', key: 'a' }, 'partitioned.default.key "a" is not valid: nothing of this name'],
    [{ type: 'fixed' }, 'partitioned.default.key undefined is not valid: write a key of 1 to 250 characters'],
    [{ type: 'fixed', key: ' ' }, 'write a key of 1 to 250 characters'],
    [{ type: 'fixed', key: 'k'.repeat(251) }, 'write a key of 1 to 250 characters'],
    [{ type: 'fixed', key: 'a\0' }, 'partitioned.default.key holds a NUL character'],
    [{ type: 'allowed', keys: 'a' }, 'partitioned.default.keys "a" is not valid: write a list of keys'],
    [{ type: 'allowed', keys: [] }, 'it has 0 keys: write 1 to 10000'],
    [{ type: 'allowed', keys: many(10_001) }, 'it has 10001 keys: write 1 to 10000'],
    [{ type: 'allowed', keys: ['a', 1] }, 'partitioned.default.keys[1] 1 is not valid: write a key'],
    [
      { type: 'startOf' },
      'unit undefined is not valid: it is one of hour, day, week, month, quarter and year',
    ],
    [{ type: 'startOf', unit: 'minute' }, 'unit "minute" is not valid: it is one of hour'],
    [{ type: 'startOf', unit: 'day', timezone: 1 }, 'timezone 1 is not valid: write an IANA name'],
    [
      { type: 'startOf', unit: 'day', timezone: 'Mars' },
      'partitioned.default.timezone: time zone "Mars" is not known',
    ],
    [{ type: 'startOf', unit: 'day', inputFormat: 7 }, 'inputFormat 7 is not valid: write strftime codes'],
    [
      { type: 'startOf', unit: 'day', inputFormat: '%Q' },
      'partitioned.default.inputFormat "%Q" is not valid: %Q is not',
    ],
    [
      { type: 'startOf', unit: 'day', outputFormat: '%' },
      'partitioned.default.outputFormat "%" is not valid: % is not',
    ],
    [
      { type: 'startOf', unit: 'day', inputFormat: '%m-%d' },
      'inputFormat "%m-%d" is not valid: it has to say the year',
    ],
    [
      { type: 'startOf', unit: 'week', inputFormat: '%Y-W%V' },
      'it has to say the year: by %Y, or by %G of a week %V',
    ],
    [
      { type: 'startOf', unit: 'day', format: '%F' },
      'partitioned.default.format "%F" is not valid: nothing of this',
    ],
    [
      { type: 'product', mappers: {} },
      'partitioned.default.mappers {} is not valid: write a list of mappers',
    ],
    [{ type: 'chain', mappers: [] }, 'it has 0 mappers: write 1 to 20'],
    [{ type: 'chain', mappers: Array(21).fill({ type: 'identity' }) }, 'it has 21 mappers: write 1 to 20'],
    [{ type: 'chain', mappers: [{ type: 'identity' }, 7] }, 'partitioned.default.mappers[1] 7 is not valid'],
    [nested(11), 'it is nested more than 10 levels deep'],
    [
      {
        type: 'chain',
        mappers: Array(6).fill({ type: 'chain', mappers: Array(20).fill({ type: 'identity' }) }),
      },
      'it consists of 127 mappers, 100 are allowed',
    ],
    [
      { type: 'product', mappers: [{ type: 'fanout', mapper: startOfWeek }] },
      'partitioned.default.mappers[0] {"type":"fanout"',
    ],
    [
      { type: 'fanout', mapper: { type: 'fanout', mapper: startOfWeek } },
      'partitioned.default.mapper {"type":"fanout"',
    ],
    [{ type: 'chain', mappers: [week] }, 'a roll-up has to be the outermost mapper'],
    [
      { type: 'fanout', mapper: { type: 'identity' } },
      'partitioned.default.window undefined is not valid: write {"window": …}',
    ],
    [
      { type: 'fanout', mapper: startOfWeek, maxKeys: 0 },
      'maxKeys 0 is not valid: write a whole number from 1 to 10000',
    ],
    [{ type: 'fanout', mapper: startOfWeek, maxKeys: 10_001 }, 'maxKeys 10001 is not valid'],
    [
      { type: 'fanout', mapper: startOfWeek, window: { segments: ['a'] }, outputFormat: '%F' },
      'segments are written as they are',
    ],
    [
      { ...week, window: undefined },
      'partitioned.default.window undefined is not valid: write {"window": …} with one of "hour"',
    ],
    [{ ...week, window: 'week' }, 'partitioned.default.window "week" is not valid'],
    [
      { ...week, window: { window: 'decade' } },
      'partitioned.default.window.window "decade" is not valid: it is one of "hour"',
    ],
    [
      { ...week, window: { window: 'week', segments: [] } },
      'window.window "week" is not valid: nothing of this name',
    ],
    [
      { ...week, window: { segments: [] } },
      'partitioned.default.window.segments [] is not valid: it has 0 keys',
    ],
    [{ ...week, window: { window: 'month' } }, 'a window of a month takes a startOf of the unit "month"'],
    [
      { ...week, mapper: { type: 'identity' } },
      'partitioned.default.mapper {"type":"identity"} is not valid: a window of a week',
    ],
    [
      { ...week, mapper: { ...startOfWeek, inputFormat: '%Y-%m' } },
      'mapper.inputFormat "%Y-%m" is not valid: the keys of a roll-up have to tell one day from another',
    ],
    [
      { ...week, mapper: { ...startOfWeek, outputFormat: '%Y-W%V' } },
      'mapper.outputFormat "%Y-W%V" is not valid: the keys of a roll-up have to tell one week from another',
    ],
    [{ ...week, wait: 2 }, 'partitioned.default.wait 2 is not valid: write {"min": n}'],
    [{ ...week, wait: { min: 0 } }, 'wait.min 0 is not valid: write {"min": n}'],
    [{ ...week, wait: { min: 1.5 } }, 'wait.min 1.5 is not valid'],
    [
      { ...week, wait: { max: 1 } },
      'partitioned.default.wait.max 1 is not valid: nothing of this name is known here, but min',
    ],
    [
      { ...allRegions, mapper: { type: 'identity' } },
      'it maps the segments to 2 keys, so none would ever be complete',
    ],
    [
      { ...allRegions, mapper: { type: 'allowed', keys: ['eu'] } },
      'partitioned.default.window "us" is not valid: key "us" is not taken',
    ],
  ])('is refused as %j', (mapper, message) => {
    expect(() => byDefault(mapper)).toThrow(message);
    expect(() => byDefault(mapper)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^invalid_(?:input|definition)$/) }),
    );
  });

  it('stays what it is when it is read again, or was stored', () => {
    fc.assert(
      fc.property(anyMapperJson(), (json) => {
        const mapper = aMapper(json);
        expect(aMapper(mapper)).toEqual(mapper);
        expect(throughJson(mapper)).toEqual(mapper);
      }),
    );
    for (const json of [week, allRegions, { type: 'fanout', mapper: startOfWeek }])
      expect(aMapper(throughJson(aMapper(json)))).toEqual(aMapper(json));
  });

  it('is read or refused by a message, whatever it is', () => {
    const outcomeOf = (mapper: unknown): string => {
      try {
        return byDefault(mapper) === null ? 'none' : 'read';
      } catch (error) {
        return error instanceof TidegateError ? error.code : String(error);
      }
    };
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        for (const mapper of [value, { type: 'chain', mappers: value }, { ...week, window: value }])
          expect(outcomeOf(mapper)).toMatch(/^(?:read|invalid_input|invalid_definition)$/);
      }),
    );
  });
});

describe('the warnings of partitions', () => {
  const warnings = (value: unknown) => {
    const partitioned = parse(value);
    return partitioned === null ? [] : warningsOf(partitioned);
  };

  it.each([
    [undefined, []],
    [{ min: 7 }, []],
    [{ min: -20 }, []],
    [{ min: 8 }, ['the roll-up waits for 8 keys of a window that has 7, so it never runs: lower wait.min']],
  ])('of a week that waits for %j are %j', (wait, expected) => {
    expect(warnings({ default: { ...week, wait } })).toEqual(expected);
  });

  it('name the asset, and the windows that are too small', () => {
    const month = { type: 'rollup', mapper: { ...startOfWeek, unit: 'month' }, window: { window: 'month' } };
    expect(
      warnings({ assets: { a: { ...allRegions, wait: { min: 3 } }, b: { ...month, wait: { min: 30 } } } }),
    ).toEqual([
      'the roll-up of "a" waits for 3 keys of a window that has 2, so it never runs: lower wait.min',
      expect.stringMatching(/^the roll-up of "b" waits for 30 keys, and some of its windows have 28, /),
    ]);
  });

  it('know of days of 23 and 25 hours where clocks are set', () => {
    const day = (timezone: string, min: number) => ({
      ...{ type: 'rollup', window: { window: 'day' }, wait: { min } },
      mapper: { type: 'startOf', unit: 'day', timezone },
    });
    expect(warnings({ default: day('UTC', 24) })).toEqual([]);
    expect(warnings({ default: day('UTC', 25) })).toHaveLength(1);
    expect(warnings({ default: day('Europe/Berlin', 24) })).toEqual([
      expect.stringContaining('some of its windows'),
    ]);
  });
});
