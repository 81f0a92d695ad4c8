import * as fc from 'fast-check';
import { type Batch, packBatch, toBatches, unpackBatch } from '../../core/batch.ts';
import { batchesOf, ORDERS, queuedAt, RATES, recorded, throughJson } from '../support/core.ts';
import { anyLeavesOfBatches } from './arbitraries.ts';

describe('a batch', () => {
  it('has one entry per leaf, however many events', () => {
    expect(batchesOf([[ORDERS, RATES, ORDERS]])).toEqual([
      {
        lastSeq: 3,
        entries: [
          { leaf: ORDERS, ...queuedAt(1, 3) },
          { leaf: RATES, ...queuedAt(2) },
        ],
      },
    ]);
  });

  it('holds what was recorded together, and nothing else', () => {
    expect(batchesOf([[ORDERS], [ORDERS], [ORDERS, ORDERS]]).map(({ lastSeq }) => lastSeq)).toEqual([
      1, 2, 4,
    ]);
  });

  it('ends with its last event for this consumer', () => {
    const [batch] = toBatches([{ seq: 7, batchEnd: 9, leaf: ORDERS, at: 0 }]);
    expect(batch?.lastSeq).toBe(7);
  });

  it('of a single event is short on its way', () => {
    const [batch] = batchesOf([[ORDERS]]);
    expect(batch && packBatch(batch)).toEqual([1, ['1', 1, 1_000]]);
  });
});

describe('any batches', () => {
  it('are the same after a signal brought them', () => {
    fc.assert(
      fc.property(anyLeavesOfBatches(), (log) => {
        const batches = batchesOf(log);
        expect(throughJson(batches.map(packBatch)).map(unpackBatch)).toEqual(batches);
      }),
    );
  });

  it('say of each leaf how many events it met, and where the first and the last lie', () => {
    fc.assert(
      fc.property(anyLeavesOfBatches(), (log) => {
        const deliveries = recorded(log);
        const naive = log.map((leaves, index): Batch => {
          const firstSeq = log.slice(0, index).flat().length + 1;
          const own = deliveries.filter(({ seq }) => seq >= firstSeq && seq < firstSeq + leaves.length);
          const entries = [...new Set(leaves)].map((leaf) => {
            const [first = 0, ...later] = own.filter((event) => event.leaf === leaf).map(({ seq }) => seq);
            return { leaf, ...queuedAt(first, ...later) };
          });
          return { lastSeq: firstSeq + leaves.length - 1, entries };
        });
        expect(toBatches(deliveries)).toEqual(naive);
      }),
    );
  });
});
