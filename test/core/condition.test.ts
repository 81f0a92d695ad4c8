import * as fc from 'fast-check';
import type { LeafId } from '../../core/leaves.ts';
import { type Condition, depthOf, isSatisfied, leavesOf, mapLeaves } from '../../core/condition.ts';
import { all, any, atLeast, on, ORDERS, RATES, STOCK, throughJson, USERS } from '../support/core.ts';
import { anyCondition, leaves } from './arbitraries.ts';

const nested = all(ORDERS, any(RATES, all(USERS, STOCK)));

type Updates = ReadonlyMap<LeafId, number>;

/** Updates of which each is needed; of one leaf the larger number. */
function together(one: Updates, other: Updates): Updates {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return new Map([...keys].map((leaf) => [leaf, Math.max(one.get(leaf) ?? 0, other.get(leaf) ?? 0)]));
}

/** Every choice of so many parts. */
function choicesOf<Part>(parts: readonly Part[], size: number): readonly (readonly Part[])[] {
  if (size === 0) return [[]];
  return parts.flatMap((part, index) =>
    choicesOf(parts.slice(index + 1), size - 1).map((rest) => [part, ...rest]),
  );
}

/** Everything that is just enough. */
function waysOf(condition: Condition<LeafId>): readonly Updates[] {
  if (condition.kind === 'asset') return [new Map([[condition.asset, condition.count ?? 1]])];
  const parts = condition.of.map((part) => waysOf(part));
  const size = { all: parts.length, any: 1, atLeast: condition.kind === 'atLeast' ? condition.count : 0 };
  return choicesOf(parts, size[condition.kind]).flatMap((chosen) =>
    chosen.reduce<readonly Updates[]>(
      (ways, part) => ways.flatMap((way) => part.map((more) => together(way, more))),
      [new Map()],
    ),
  );
}

function anyUpdates(): fc.Arbitrary<Updates> {
  return fc
    .tuple(...leaves.map(() => fc.nat({ max: 4 })))
    .map((counts) => new Map(counts.map((count, index) => [leaves[index] ?? ORDERS, count])));
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
    ['three updates, of which two are there', on(ORDERS, 3), [ORDERS, ORDERS], false],
    ['three updates', on(ORDERS, 3), [ORDERS, ORDERS, ORDERS], true],
    ['at least two, one of them', atLeast(2, ORDERS, RATES, USERS), [RATES, RATES], false],
    ['at least two of them', atLeast(2, ORDERS, RATES, USERS), [RATES, USERS], true],
    ['at least one of nothing', atLeast(1), leaves, false],
  ])('is judged by the leaves that are met: %s', (_, condition, met, isMet) => {
    expect(isSatisfied(condition, (leaf) => met.filter((one) => one === leaf).length)).toBe(isMet);
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
  it('stays satisfied when more arrives', () => {
    fc.assert(
      fc.property(anyCondition(), anyUpdates(), anyUpdates(), (condition, before, more) => {
        const isMetBefore = isSatisfied(condition, (leaf) => before.get(leaf) ?? 0);
        const isMetAfter = isSatisfied(condition, (leaf) => (before.get(leaf) ?? 0) + (more.get(leaf) ?? 0));
        expect(isMetAfter || !isMetBefore).toBe(true);
      }),
    );
  });

  it('is satisfied where one of the ways to satisfy it is met', () => {
    fc.assert(
      fc.property(anyCondition(), anyUpdates(), (condition, updates) => {
        const countOf = (leaf: LeafId): number => updates.get(leaf) ?? 0;
        const isOneMet = waysOf(condition).some((way) =>
          [...way].every(([leaf, count]) => countOf(leaf) >= count),
        );
        expect(isSatisfied(condition, countOf)).toBe(isOneMet);
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
