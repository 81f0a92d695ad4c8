import * as fc from 'fast-check';
import { type Condition, depthOf, isSatisfied, leavesOf, mapLeaves } from '../../core/condition.ts';
import { all, any, on, ORDERS, RATES, STOCK, throughJson, USERS } from '../support/core.ts';
import { anyCondition, anyLeaf, leaves } from './arbitraries.ts';

const nested = all(ORDERS, any(RATES, all(USERS, STOCK)));

/** Every set of leaves that is enough. */
function waysOf<Leaf>(condition: Condition<Leaf>): readonly (readonly Leaf[])[] {
  if (condition.kind === 'asset') return [[condition.asset]];
  const parts = condition.of.map((part) => waysOf(part));
  if (condition.kind === 'any') return parts.flat();
  return parts.reduce((ways, part) => ways.flatMap((way) => part.map((more) => [...way, ...more])), [[]]);
}

describe('a condition', () => {
  it.each([
    ['one asset, which was updated', on(ORDERS), [ORDERS], true],
    ['one asset, which was not', on(ORDERS), [RATES], false],
    ['all, of which one is missing', all(ORDERS, RATES), [ORDERS], false],
    ['all of them', all(ORDERS, RATES), [ORDERS, RATES], true],
    ['any, none of them', any(ORDERS, RATES), [USERS], false],
    ['any, one of them', any(ORDERS, RATES), [RATES], true],
    ['a nested one, by its first way', nested, [ORDERS, RATES], true],
    ['a nested one, by its second way', nested, [ORDERS, USERS, STOCK], true],
    ['a nested one, half of a way', nested, [ORDERS, USERS], false],
    ['all of nothing', all(), [], true],
    ['any of nothing', any(), leaves, false],
  ])('is judged by the leaves that are met: %s', (_, condition, met, isMet) => {
    expect(isSatisfied(condition, (leaf) => met.includes(leaf))).toBe(isMet);
  });

  it('lists its leaves as they are written, also twice', () => {
    expect(leavesOf(all(RATES, any(ORDERS, RATES)))).toEqual([RATES, ORDERS, RATES]);
  });

  it('keeps its shape over other leaves', () => {
    expect(mapLeaves(nested, Number)).toEqual({
      kind: 'all',
      of: [
        { kind: 'asset', asset: 1 },
        {
          kind: 'any',
          of: [
            { kind: 'asset', asset: 2 },
            {
              kind: 'all',
              of: [
                { kind: 'asset', asset: 3 },
                { kind: 'asset', asset: 4 },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([
    [on(ORDERS), 1],
    [all(), 1],
    [all(ORDERS, RATES), 2],
    [nested, 4],
  ])('is as deep as its longest way down: %j', (condition, depth) => {
    expect(depthOf(condition)).toBe(depth);
  });
});

describe('any condition', () => {
  it('stays satisfied when more leaves are met', () => {
    fc.assert(
      fc.property(anyCondition(), fc.subarray([...leaves]), anyLeaf(), (condition, met, more) => {
        const before = isSatisfied(condition, (leaf) => met.includes(leaf));
        const after = isSatisfied(condition, (leaf) => leaf === more || met.includes(leaf));
        expect(after || !before).toBe(true);
      }),
    );
  });

  it('is satisfied where one of the ways to satisfy it is met', () => {
    fc.assert(
      fc.property(anyCondition(), fc.subarray([...leaves]), (condition, met) => {
        const isOneMet = waysOf(condition).some((way) => way.every((leaf) => met.includes(leaf)));
        expect(isSatisfied(condition, (leaf) => met.includes(leaf))).toBe(isOneMet);
      }),
    );
  });

  it('survives JSON and renaming to itself', () => {
    fc.assert(
      fc.property(anyCondition(), (condition) => {
        expect(throughJson(condition)).toEqual(condition);
        expect(mapLeaves(condition, (leaf) => leaf)).toEqual(condition);
      }),
    );
  });
});
