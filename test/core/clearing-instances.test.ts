import * as fc from 'fast-check';
import {
  type EndedInstances,
  indexesToMark,
  judgeInstances,
  type SeenInstances,
} from '../../core/clearing-instances.ts';
import { keptInstances, withKept } from '../../core/kept-instances.ts';
import { parseTaskId } from '../../core/ids.ts';
import { countEnds, type InstanceEnd } from '../../core/task-shape.ts';
import { aTaskPlan } from '../support/plans.ts';

const list = parseTaskId('list');
const each = aTaskPlan('each', { needs: [list], shape: { kind: 'mapped', over: list } });
const anyEnd = () => fc.constantFrom<InstanceEnd>('success', 'failed', 'skipped');
const anyEnds = () =>
  fc
    .uniqueArray(fc.tuple(fc.nat(9), anyEnd()), { selector: ([index]) => index })
    .map((entries): ReadonlyMap<number, InstanceEnd> => new Map(entries));
const allOf = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the instances of a mapped task in a run that has ended', () => {
  const first = new Map([[0, 'success' as const]]);
  const seen: SeenInstances = { ends: first, ranIn: 2, items: [{ kind: 'list', count: 3 }], itemsSince: 2 };

  it('are as many as what it is mapped over has items, whether the run came to them or not', () => {
    expect(judgeInstances(each, seen)).toEqual({ count: 3, ends: first, isOutdated: false });
    expect(judgeInstances(each, { ...seen, ends: new Map() })).toMatchObject({ count: 3, isOutdated: false });
  });

  it('are outdated where their items changed behind them', () => {
    expect(judgeInstances(each, { ...seen, itemsSince: 3 })).toMatchObject({ isOutdated: true });
    const fewer = { ...seen, items: [{ kind: 'list', count: 0 }] as const };
    expect(judgeInstances(each, fewer)).toEqual({ count: 1, ends: first, isOutdated: true });
  });

  it('are none where there are no items, or no list, and none ended', () => {
    for (const items of [[{ kind: 'list', count: 0 }], [{ kind: 'no list', type: 'object' }]] as const)
      expect(judgeInstances(each, { ...seen, ends: new Map(), items })).toBeUndefined();
    expect(judgeInstances(aTaskPlan('plain'), seen)).toBeUndefined();
  });

  it('always have a place for each that ended', () => {
    fc.assert(
      fc.property(anyEnds(), fc.nat(9), fc.nat(3), fc.nat(3), (ends, count, ranIn, itemsSince) => {
        const judged = judgeInstances(each, { ends, ranIn, itemsSince, items: [{ kind: 'list', count }] });
        const last = Math.max(-1, ...ends.keys());
        expect(judged?.count ?? 0).toBe(Math.max(count, last + 1));
        expect(judged?.isOutdated ?? false).toBe(ends.size > 0 && (itemsSince > ranIn || last >= count));
      }),
    );
  });
});

describe('what a mark is about', () => {
  const half: EndedInstances = { count: 3, ends: new Map([[1, 'failed']]), isOutdated: false };

  it.each<[string, EndedInstances | undefined, number | undefined, readonly number[]]>([
    ['the instance that is named', half, 2, [2]],
    ['all instances, also those that were never come to', half, undefined, [0, 1, 2]],
    [
      'the instances there were, where their items are others by now',
      { ...half, isOutdated: true },
      undefined,
      [1],
    ],
    ['the task itself where none began', { ...half, ends: new Map() }, undefined, [-1]],
    ['the task itself where it has none', undefined, undefined, [-1]],
  ])('is %s', (_, instances, mapIndex, indexes) => {
    expect(indexesToMark(each, instances, mapIndex)).toEqual(indexes);
  });
});

describe('the instances that a later attempt keeps', () => {
  it('and those that run again are all there are, each once, and together count as if all had run', () => {
    fc.assert(
      fc.property(anyEnds(), fc.array(anyEnd(), { minLength: 10, maxLength: 10 }), (ends, later) => {
        const kept = keptInstances(
          10,
          [...ends].map(([index, end]) => ({ index, end })),
        );
        const again = kept?.again ?? allOf(10);
        expect([...again, ...ends.keys()].toSorted((a, b) => a - b)).toEqual(allOf(10));
        expect(again).toEqual(again.toSorted((a, b) => a - b));
        const whole = allOf(10).map((index) => ends.get(index) ?? later[index] ?? 'failed');
        const ran = countEnds(again.map((index) => later[index] ?? 'failed'));
        expect(withKept(ran, kept)).toEqual(countEnds(whole));
      }),
    );
  });
});
