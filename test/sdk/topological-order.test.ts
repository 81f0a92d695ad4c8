import * as fc from 'fast-check';
import { topologicalOrder } from '../../sdk/topological-order.ts';

type Graph = ReadonlyMap<number, readonly number[]>;
const order = (graph: Graph) => topologicalOrder([...graph.keys()], (item) => graph.get(item) ?? []);

const anyGraph = fc
  .integer({ min: 1, max: 25 })
  .chain((size) =>
    fc.array(fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { maxLength: 3 }), {
      minLength: size,
      maxLength: size,
    }),
  )
  .map((needs): Graph => new Map(needs.map((of, index) => [index, of])));

describe('a topological order', () => {
  it('keeps the given order where nothing is needed', () => {
    expect(
      order(
        new Map([
          [3, []],
          [1, []],
          [2, []],
        ]),
      ),
    ).toEqual({ kind: 'ordered', items: [3, 1, 2] });
  });

  it('puts what is needed first', () => {
    expect(
      order(
        new Map([
          [1, [2, 3]],
          [2, [3]],
          [3, []],
        ]),
      ),
    ).toEqual({ kind: 'ordered', items: [3, 2, 1] });
  });

  it('names the items of a circle', () => {
    expect(
      order(
        new Map([
          [1, [2]],
          [2, [3]],
          [3, [2]],
        ]),
      ),
    ).toEqual({ kind: 'cycle', items: [2, 3] });
  });

  it('survives a chain of a hundred thousand', () => {
    const size = 100_000;
    const chain = new Map(
      Array.from({ length: size }, (_, index) => [index, index === 0 ? [] : [index - 1]]),
    );
    expect(order(chain).items).toHaveLength(size);
  });

  it('has every item once, after all it needs, unless the items it names need each other in a circle', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { kind, items } = order(graph);
        const needsOf = (item: number): readonly number[] => graph.get(item) ?? [];
        const isComplete = new Set(items).size === graph.size && items.length === graph.size;
        const isInOrder = items.every((item, at) => needsOf(item).every((need) => items.indexOf(need) < at));
        const isCircle = items.every((item, at) =>
          needsOf(item).includes(items[(at + 1) % items.length] ?? -1),
        );
        expect(kind === 'ordered' ? isComplete && isInOrder : isCircle).toBe(true);
      }),
    );
  });
});
