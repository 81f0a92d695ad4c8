import { countBatches } from '../../core/consumer.ts';
import { aConsumer, aGate, all, any, batchesOf, ORDERS, queuedAt, RATES, STOCK } from '../support/core.ts';
import { startConsumer } from './consumer-driver.ts';
import { batch, type Control, countsOf, idsOf } from './consumer-story.ts';

const either = any(ORDERS, RATES);
/** Above what a test opens. */
const unlimited = 1_000;
const inParts = { maxBytes: 40 };
const large = batch(ORDERS, RATES, ORDERS, RATES, ORDERS, RATES);

describe('a batch in parts', () => {
  it('opens one run, behind its last part', () => {
    const consumer = startConsumer({ condition: either, maxActiveRuns: unlimited }, inParts);
    consumer.record(large, batch(ORDERS));
    consumer.sending({ kind: 'read', sender: 0, batches: 2 });
    consumer.sending({ kind: 'send', sender: 0, keeps: false });
    expect(consumer.consumer.gate.midBatch).toBe(true);
    expect(consumer.outcome.runs).toEqual([]);
    consumer.sendAll();
    expect(idsOf(consumer.outcome)).toEqual(['asset__6', 'asset__7']);
  });

  it('goes whole to a requested run that consumes and came in between, and nothing behind it does', () => {
    const consumer = startConsumer(
      { condition: all(ORDERS, STOCK), maxActiveRuns: 1, requestedRunsConsume: true },
      { maxBytes: 20, joined: 2 },
    );
    consumer.record(batch(ORDERS, ORDERS, ORDERS, null), batch(ORDERS));
    consumer.sending({ kind: 'read', sender: 0, batches: 1 });
    consumer.sending({ kind: 'send', sender: 0, keeps: false });
    expect(consumer.consumer.gate.midBatch).toBe(true);
    consumer.control({ kind: 'request' });
    expect(consumer.outcome.admitted).toEqual([]);
    consumer.sendAll();
    expect(consumer.outcome.admitted).toEqual(['manual__1']);
    expect(consumer.outcome.runs.map(({ taken }) => countsOf(taken))).toEqual([{ [ORDERS]: 3 }]);
  });

  it.each<Control>([{ kind: 'close', nth: 0 }, { kind: 'resume' }])(
    'is decided behind its last part and before the next batch when a slot frees inside: %j',
    (freeing) => {
      const consumer = startConsumer({ condition: either, maxActiveRuns: 1 }, inParts);
      consumer.record(batch(ORDERS));
      if (freeing.kind === 'resume') consumer.control({ kind: 'pause' });
      consumer.sendAll();
      consumer.record(large, batch(RATES));
      consumer.sending({ kind: 'read', sender: 0, batches: 2 });
      consumer.sending({ kind: 'send', sender: 0, keeps: false });
      const before = consumer.outcome.runs.length;
      consumer.control(freeing);
      expect(consumer.outcome.runs).toHaveLength(before);
      consumer.sendAll();
      expect(idsOf(consumer.outcome).at(-1)).toBe('asset__7');
      expect(consumer.outcome.queued).toEqual([{ leaf: RATES, count: 1, firstSeq: 8, upTo: 8 }]);
    },
  );

  it('is decided before a batch that comes with its last part', () => {
    const gate = aGate(either, { watermark: 1, midBatch: true, queued: { [ORDERS]: queuedAt(1) } });
    const batches = batchesOf([[ORDERS], [RATES]], 2);
    const counted = countBatches(aConsumer(either, { gate }), batches, { upTo: 3, more: false });
    expect(counted.consumer.gate).toMatchObject({ watermark: 2, midBatch: false });
    expect(counted.rest).toEqual(batches.slice(1));
  });

  it('goes on where it was when its parts come again', () => {
    const consumer = startConsumer({ condition: either, maxActiveRuns: unlimited }, inParts);
    consumer.record(large);
    for (const keeps of [true, true, false]) {
      consumer.sending({ kind: 'read', sender: 0, batches: 1 });
      consumer.sending({ kind: 'send', sender: 0, keeps });
    }
    consumer.sendAll();
    expect(consumer.outcome.runs.map(({ taken }) => countsOf(taken))).toEqual([{ [ORDERS]: 3, [RATES]: 3 }]);
  });

  it('comes again, whole, when a part was lost', () => {
    const consumer = startConsumer({ condition: either, maxActiveRuns: 1 }, inParts);
    consumer.record(large);
    consumer.sending({ kind: 'read', sender: 0, batches: 1 });
    consumer.sending({ kind: 'lose', sender: 0 });
    consumer.sending({ kind: 'send', sender: 0, keeps: false });
    expect(consumer.consumer.gate.queued).toEqual({});
    consumer.sendAll();
    expect(consumer.outcome.runs.map(({ taken }) => countsOf(taken))).toEqual([{ [ORDERS]: 3, [RATES]: 3 }]);
  });

  it('is taken up again by the next life of the consumer', () => {
    const consumer = startConsumer({ condition: either, maxActiveRuns: 1 }, inParts);
    consumer.record(large);
    consumer.sending({ kind: 'read', sender: 0, batches: 1 });
    consumer.sending({ kind: 'send', sender: 0, keeps: false });
    consumer.control({ kind: 'claim' });
    consumer.sending({ kind: 'send', sender: 0, keeps: false });
    expect(consumer.outcome.runs).toEqual([]);
    consumer.sendAll();
    expect(idsOf(consumer.outcome)).toEqual(['asset__6']);
  });
});
