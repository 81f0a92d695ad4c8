import * as fc from 'fast-check';
import { parseTaskId } from '../../core/ids.ts';
import { expand, type Expanded, itemsOf, placesOf } from '../../core/mapped-items.ts';
import { type MappedOver, maxMappedInstances } from '../../core/task-shape.ts';

const mapped = { over: parseTaskId('list'), taskId: parseTaskId('each') };

describe('what a task is mapped over', () => {
  it('has an instance for each item of a list, up to the most there may be', () => {
    fc.assert(
      fc.property(fc.nat(2 * maxMappedInstances), (count) => {
        const { kind } = expand(mapped, [{ kind: 'list', count }]);
        expect(kind).toBe(count <= maxMappedInstances ? 'instances' : 'problem');
      }),
    );
  });

  it('is a list, and nothing else that JSON has', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (list) => {
        expect(expand(mapped, [itemsOf(list as never)])).toEqual({
          kind: 'instances',
          count: list.length,
          over: mapped.over,
        });
      }),
    );
    const others = fc.oneof(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.string(),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.option(others), (value) => {
        expect(expand(mapped, [itemsOf(value as never)])).toMatchObject({
          problem: expect.stringMatching(/^task list returned \w+, and each is mapped over a list: return/),
        });
      }),
    );
  });

  it('has no items where the task did not succeed', () => {
    expect(expand(mapped, [itemsOf(undefined)])).toMatchObject({ kind: 'instances', count: 0 });
  });
});

/** Lists of tasks that are mapped over together, by their lengths. */
const several = (by: 'product' | 'zip', counts: readonly number[]): Expanded => {
  const over: MappedOver = {
    by,
    sources: counts.map((_, index) => ({ name: `n${index}`, task: parseTaskId(`t${index}`) })),
  };
  const items = counts.map((count) => ({ kind: 'list' as const, count }));
  return expand({ taskId: mapped.taskId, over }, items);
};

/** Where each instance has its items. */
function placesIn(expanded: Expanded): readonly (readonly number[])[] {
  if (expanded.kind === 'problem' || typeof expanded.over === 'string') throw new Error('not expanded');
  const { count, over } = expanded;
  return Array.from({ length: count }, (_, mapIndex) => placesOf(over, mapIndex));
}

describe('several lists', () => {
  const lengths = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 });

  it('have an instance for each combination of items, the last list changing first', () => {
    fc.assert(
      fc.property(lengths, (counts) => {
        const combinations = counts.reduce<readonly (readonly number[])[]>(
          (before, count) => before.flatMap((one) => Array.from({ length: count }, (_, at) => [...one, at])),
          [[]],
        );
        expect(placesIn(several('product', counts))).toEqual(combinations);
      }),
    );
  });

  it('side by side have an instance for each place, if all are as long', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.integer({ min: 1, max: 4 }), (count, lists) => {
        const places = placesIn(
          several(
            'zip',
            Array.from({ length: lists }, () => count),
          ),
        );
        expect(places).toEqual(
          Array.from({ length: count }, (_, at) => Array.from({ length: lists }, () => at)),
        );
      }),
    );
    expect(several('zip', [2, 2, 3, 4])).toEqual({
      kind: 'problem',
      problem:
        'task t0 returned 2 items and task t2 3, of which each takes one each: return lists of the same length',
    });
  });

  it('go into a workflow and out of it as they are', () => {
    fc.assert(
      fc.property(lengths, (counts) => {
        const expanded = several('product', counts);
        expect(JSON.parse(JSON.stringify(expanded))).toEqual(expanded);
      }),
    );
  });

  it('have at most as many instances in all as one list has', () => {
    expect(several('product', [100, 100])).toMatchObject({ kind: 'instances', count: 10_000 });
    expect(several('product', [100, 101])).toEqual({
      kind: 'problem',
      problem:
        'there are 10100 items (t0 returned 100, t1 returned 101), and each may have 10000 instances: return batches of them',
    });
    expect(several('zip', [10_001, 10_001])).toMatchObject({ kind: 'problem' });
    expect(several('product', [0, 1_000_000])).toMatchObject({ kind: 'instances', count: 0 });
  });

  it('are all lists, or the one that is none is named', () => {
    const over: MappedOver = {
      by: 'zip',
      sources: ['a', 'b'].map((name) => ({ name, task: parseTaskId(name) })),
    };
    expect(expand({ taskId: mapped.taskId, over }, [itemsOf([1]), itemsOf({ rows: 1 })])).toMatchObject({
      problem: 'task b returned object, and each is mapped over a list: return an array',
    });
  });
});
