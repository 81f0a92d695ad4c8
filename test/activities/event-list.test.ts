import * as fc from 'fast-check';
import type { AssetEvent } from '../../core/asset-event.ts';
import { parseAssetUri } from '../../core/asset-uri.ts';
import { createEventList, type StoredEvents } from '../../activities/event-list.ts';

const uri = parseAssetUri('s3://lake/orders');
const anEvent = (seq: number): AssetEvent => ({
  ...{ seq, assetId: 1, asset: { name: uri, uri }, recordedAt: seq, extra: {} },
  ...{ partitionKey: undefined, source: { kind: 'api' }, sourceRun: undefined },
});
const numbered = (count: number): readonly AssetEvent[] =>
  Array.from({ length: count }, (_, index) => anEvent(3 * index + 1));

/** Events in an array instead of Postgres; notes what is read. */
function storedIn(events: readonly AssetEvent[], accepts?: StoredEvents['accepts']) {
  const read: number[] = [];
  const stored: StoredEvents = {
    accepts,
    count: async () => events.length,
    async read({ newestFirst, beyond, skip, limit }) {
      const inOrder = newestFirst ? events.toReversed() : events;
      const start = beyond === undefined ? 0 : inOrder.findIndex(({ seq }) => seq === beyond) + 1;
      const page = inOrder.slice(start + skip, start + skip + limit);
      read.push(page.length);
      return page;
    },
  };
  return { stored, read };
}

const anyPlace = () => fc.integer({ min: -8, max: 8 });
const anyBound = () => fc.option(anyPlace(), { nil: undefined });

describe('any list of events', () => {
  const anyList = () =>
    fc.record({
      count: fc.nat(6),
      newestFirst: fc.boolean(),
      limit: fc.option(fc.nat(7), { nil: Number.POSITIVE_INFINITY }),
      everyOther: fc.boolean(),
    });

  it('is what an array of the same events is, by place, slice, slice of a slice and length', async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[anyList(), anyPlace(), anyBound(), anyBound(), anyBound(), anyBound()],
        async ({ count, everyOther, ...order }, place, a, b, c, d) => {
          const events = numbered(count);
          const accepts = everyOther ? ({ seq }: AssetEvent) => seq % 2 === 0 : undefined;
          const { stored } = storedIn(events, accepts);
          const accepted = events.filter((event) => accepts?.(event) ?? true);
          const inOrder = order.newestFirst ? accepted.toReversed() : accepted;
          const model = inOrder.slice(0, order.limit === Number.POSITIVE_INFINITY ? undefined : order.limit);
          const list = createEventList(stored, order);

          expect(await list.toArray()).toEqual(model);
          expect([await list.count(), await list.length]).toEqual([model.length, model.length]);
          expect([await list.first(), await list.last()]).toEqual([model[0], model.at(-1)]);
          expect(await list.at(place)).toEqual(model.at(place));
          const slice = list.slice(a, b);
          expect(await slice.toArray()).toEqual(model.slice(a, b));
          expect(await slice.count()).toBe(model.slice(a, b).length);
          expect(await slice.at(place)).toEqual(model.slice(a, b).at(place));
          expect(await slice.slice(c, d).toArray()).toEqual(model.slice(a, b).slice(c, d));
          expect(await list.toArray({ limit: 2 })).toEqual(model.slice(0, 2));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a long list of events', () => {
  it('is read in pages of 1,000, and only as far as it is asked for', async () => {
    const { stored, read } = storedIn(numbered(2_500));
    const list = createEventList(stored);
    let seen = 0;
    for await (const { seq } of list) {
      seen += 1;
      if (seq > 1_200 * 3) break;
    }
    expect([seen, read]).toEqual([1_201, [1_000, 1_000]]);
    expect((await list.toArray()).length).toBe(2_500);
    expect(read.slice(2)).toEqual([1_000, 1_000, 500]);
  });

  it('is entered at a place from either end by reading one event', async () => {
    const { stored, read } = storedIn(numbered(2_500));
    const list = createEventList(stored);
    expect(await list.at(-2_000)).toMatchObject({ seq: 3 * 500 + 1 });
    expect(await list.at(2_400)).toMatchObject({ seq: 3 * 2_400 + 1 });
    expect(read).toEqual([1, 1]);
  });

  it('asks nothing when it is logged', () => {
    let asked = 0;
    const { stored } = storedIn(numbered(3));
    const list = createEventList({ ...stored, count: async () => (asked += 1) });
    expect([JSON.stringify(list), { ...list }.length, asked]).toEqual(['{}', undefined, 0]);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])('has no place %p', async (place) => {
    const list = createEventList(storedIn(numbered(1)).stored);
    await expect(list.at(place)).rejects.toThrow('is not a place: use whole numbers');
    expect(() => list.slice(Number.NaN)).toThrow('slice(NaN) is not a place');
  });
});
