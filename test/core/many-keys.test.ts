import { takeBatches } from '../../core/consumer.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { type LeafId, ofKey } from '../../core/leaves.ts';
import { aConsumer, all, batchesOf, ORDERS } from '../support/core.ts';

const gate = emptyGate({ condition: all(ORDERS), byKeys: {} }, 0);
const key = (name: string): LeafId => ofKey(ORDERS, name);

describe('keys that are met together', () => {
  it.each([[[2]], [[1, 1]]])('run before what comes later, in messages of %j batches', (sizes) => {
    const batches = batchesOf([[key('eu'), key('us')], [key('us')]]);
    let consumer = aConsumer(null, { gate, maxActiveRuns: 16 });
    const runs: string[] = [];
    let from = 0;
    for (const size of sizes) {
      const message = batches.slice(from, from + size);
      from += size;
      const taken = takeBatches(consumer, message, { upTo: message.at(-1)?.lastSeq ?? 0, more: false });
      runs.push(...taken.asked.map(({ runId }) => runId));
      expect(taken.rest).toEqual([]);
      consumer = taken.consumer;
    }
    expect(runs).toEqual(['asset__1__eu', 'asset__2__us', 'asset__3__us']);
  });

  it('run in the order of their names where they are of one event, wherever they are kept', () => {
    const names = ['b', 'c', 'a'];
    const queued = { count: 1, firstSeq: 1, lastSeq: 1, firstAt: 1_000, lastAt: 1_000 };
    for (const order of [names, names.toReversed()]) {
      const held = {
        ...gate,
        watermark: 1,
        queued: Object.fromEntries(order.map((name) => [key(name), queued])),
      };
      const { asked } = takeBatches(aConsumer(null, { gate: held, maxActiveRuns: 16 }), [], {
        upTo: 1,
        more: false,
      });
      expect(asked.map((run) => run.key)).toEqual(['a', 'b', 'c']);
    }
  });
});
