import { mostSlots, slotsOf } from '../../core/pool.ts';
import { paramsOfKey, parsePools, parsePoolUse, requirePool } from '../../core/pool-options.ts';

describe('pools of a project', () => {
  it('limit slots, slots of a key, starts in a time, or several of these; in the order of their names', () => {
    const rate = { starts: 10, per: '1 minute' };
    expect(parsePools({ b: { slots: 4, slotsPerKey: 1, rate }, a: { slotsPerKey: 2 } })).toEqual([
      { name: 'a', slotsPerKey: 2 },
      { name: 'b', slots: 4, slotsPerKey: 1, rate: { starts: 10, perMs: 60_000 } },
    ]);
  });

  it.each([
    [{ 'a b': { slots: 1 } }, /^pool "a b" is not valid: name it by/],
    [{ a: {} }, /^pool a \{\} is not valid: say one or more of slots/],
    [{ a: 4 }, /^pool a 4 is not valid: say one or more of slots/],
    [{ a: null }, /^pool a null is not valid/],
    [{ a: { slots: 1, slot: 2 } }, /^pool a .+ is not valid: say one or more of/],
    [{ a: { slots: 0 } }, /^slots of pool a 0 is not valid: use a whole number from 1 to 10000/],
    [{ a: { slots: '4' } }, /^slots of pool a "4" is not valid/],
    [{ a: { slotsPerKey: 10_001 } }, /^slotsPerKey of pool a 10001 is not valid/],
    [{ a: { rate: { starts: 1_001, per: '1m' } } }, /^rate of pool a .+ with 1 to 1000 starts/],
    [{ a: { rate: { starts: 1, per: '999 ms' } } }, /^rate of pool a .+ per second to day/],
    [{ a: { rate: { starts: 1, per: '2 days' } } }, /^rate of pool a /],
    [{ a: { rate: { starts: 1, per: '1 fortnight' } } }, /^duration "1 fortnight" is not valid/],
    [{ a: { rate: { starts: 1 } } }, /^rate of pool a /],
    [{ a: { rate: 7 } }, /^rate of pool a 7 is not valid/],
    [[], /^pools \[\] is not valid: write pools: \{ warehouse: \{ slots: 4 \} \}/],
    ['warehouse', /^pools "warehouse" is not valid/],
  ])('are refused as %j', (pools, message) => {
    expect(() => parsePools(pools)).toThrow(message);
  });
});

describe('what a task takes of a pool', () => {
  it('is one slot where it only names it, or so many, for a key; or nothing', () => {
    expect(parsePoolUse(undefined)).toBeUndefined();
    expect(parsePoolUse('warehouse')).toEqual({ name: 'warehouse' });
    const use = { name: 'warehouse', slots: 2, key: '{{ params.customer.id }} of {{ ds }}' };
    expect(parsePoolUse(use)).toEqual(use);
    expect(paramsOfKey(use)).toEqual(['customer']);
    expect([slotsOf({}), slotsOf(use)]).toEqual([1, 2]);
  });

  it.each([
    [null, /^pool null is not valid: use the name of a pool/],
    [7, /^pool 7 is not valid/],
    [{ slots: 1 }, /^pool .+ is not valid/],
    [{ name: 'a', slots: 0.5 }, /^pool .+ is not valid/],
    [{ name: 'a', key: '' }, /^pool .+ with a key of 1 to 250 characters/],
    [{ name: 'a', key: 'x'.repeat(251) }, /^pool .+ is not valid/],
    [{ name: 'a', weight: 1 }, /^pool .+ is not valid/],
    [
      { name: 'a', key: '{{ dss }}' },
      /^pool key "\{\{ dss \}\}" has unknown name 'dss': did you mean 'ds'\?/,
    ],
    [{ name: 'a', key: '{{ ds' }, /^template "\{\{ ds" is not valid/],
  ])('is refused as %j', (use, message) => {
    expect(() => parsePoolUse(use)).toThrow(message);
  });

  it('is of a pool that is there, and no more than it ever has', () => {
    const pools = [{ name: 'warehouse', slots: 4, slotsPerKey: 2 }];
    expect(mostSlots(pools[0] ?? { name: '' })).toBe(2);
    expect(() => requirePool(pools, undefined)).not.toThrow();
    expect(() => requirePool(pools, { name: 'warehouse', slots: 2 })).not.toThrow();
    expect(() => requirePool(pools, { name: 'warehose' })).toThrow(
      "pool 'warehose' is not declared in tidegate.config.ts: did you mean 'warehouse'?",
    );
    expect(() => requirePool([], { name: 'warehouse' })).toThrow('there are none');
    expect(() => requirePool(pools, { name: 'warehouse', slots: 3 })).toThrow(
      "it takes 3 slots of pool 'warehouse', which gives one key 2: take fewer",
    );
    expect(() => requirePool([{ name: 'a', slots: 1 }], { name: 'a', slots: 3 })).toThrow(
      "it takes 3 slots of pool 'a', which has 1",
    );
  });
});
