import { countBatches, decide, hasFreeSlot, withoutRuns, withRun } from '../../core/consumer.ts';
import {
  aConsumer,
  aGate,
  all,
  any,
  aRunId,
  batchesOf,
  on,
  ORDERS,
  queuedAt,
  RATES,
  USERS,
} from '../support/core.ts';
import { startConsumer } from './consumer-driver.ts';
import { batch, countsOf, idsOf, type LogEntry, type Terms, terms } from './consumer-story.ts';

const either = any(ORDERS, RATES);
const both = all(ORDERS, RATES);
/** Above what a test opens. */
const unlimited = 1_000;

/** A consumer that was sent all of these. */
function sent(first: Terms, ...entries: readonly LogEntry[]) {
  const consumer = startConsumer(first);
  consumer.record(...entries);
  consumer.sendAll();
  return consumer;
}

describe('a consumer', () => {
  it('opens one run for a producer of both in one batch, with both', () => {
    const { outcome } = sent({ condition: either, maxActiveRuns: unlimited }, batch(ORDERS, RATES));
    expect(idsOf(outcome)).toEqual(['asset__2']);
    expect(countsOf(outcome.runs[0]?.taken)).toEqual({ [ORDERS]: 1, [RATES]: 1 });
  });

  it('opens two runs for both in two batches, when slots are free', () => {
    const { outcome } = sent({ condition: either, maxActiveRuns: 2 }, batch(ORDERS), batch(RATES));
    expect(idsOf(outcome)).toEqual(['asset__1', 'asset__2']);
  });

  it('names a run after the last event it consumes', () => {
    const { outcome } = sent({ condition: both, maxActiveRuns: 1 }, batch(RATES), batch(null, ORDERS, null));
    expect(idsOf(outcome)).toEqual(['asset__3']);
  });

  it('keeps at its cap what comes, and the next run takes all of it', () => {
    const consumer = sent(
      { condition: either, maxActiveRuns: 1 },
      batch(ORDERS),
      batch(ORDERS),
      batch(RATES, ORDERS),
    );
    expect(idsOf(consumer.outcome)).toEqual(['asset__1']);
    consumer.control({ kind: 'close', nth: 0 });
    expect(idsOf(consumer.outcome)).toEqual(['asset__1', 'asset__4']);
    expect(countsOf(consumer.outcome.runs[1]?.taken)).toEqual({ [ORDERS]: 2, [RATES]: 1 });
  });

  it('keeps while paused what comes, and the next run takes all of it', () => {
    const consumer = startConsumer({ condition: either, maxActiveRuns: 1 });
    consumer.control({ kind: 'pause' });
    consumer.record(batch(ORDERS), batch(ORDERS), batch(RATES));
    consumer.sendAll();
    expect(consumer.outcome.runs).toEqual([]);
    consumer.control({ kind: 'resume' });
    expect(consumer.outcome.runs.map(({ taken }) => countsOf(taken))).toEqual([{ [ORDERS]: 2, [RATES]: 1 }]);
  });

  it('ignores while paused what comes, if it is to, and keeps what was queued before', () => {
    const consumer = startConsumer({ condition: both, maxActiveRuns: 1, whilePaused: 'ignore' });
    consumer.record(batch(ORDERS));
    consumer.sendAll();
    consumer.control({ kind: 'pause' });
    consumer.record(batch(ORDERS), batch(RATES));
    consumer.sendAll();
    // Another pause of the one that goes on changes nothing.
    consumer.control({ kind: 'pause' });
    consumer.control({ kind: 'claim' });
    consumer.control({ kind: 'resume' });
    expect(consumer.outcome.runs).toEqual([]);
    expect(consumer.outcome.ignored).toEqual([{ after: 1, upTo: 3 }]);
    consumer.record(batch(RATES));
    consumer.sendAll();
    expect(consumer.outcome.runs.map(({ taken }) => countsOf(taken))).toEqual([{ [ORDERS]: 1, [RATES]: 1 }]);
  });

  it('counts what was recorded before a pause, however late, and ignores what was recorded in it', () => {
    const consumer = startConsumer({ condition: both, maxActiveRuns: 1, whilePaused: 'ignore' });
    consumer.record(batch(ORDERS));
    consumer.control({ kind: 'pause' });
    consumer.record(batch(RATES));
    consumer.control({ kind: 'resume' });
    consumer.sendAll();
    expect(consumer.outcome.runs).toEqual([]);
    consumer.record(batch(RATES));
    consumer.sendAll();
    expect(idsOf(consumer.outcome)).toEqual(['asset__3']);
  });

  it('lets requested runs in first, and loses no event to them', () => {
    const consumer = sent({ condition: either, maxActiveRuns: 1 }, batch(ORDERS), batch(RATES));
    consumer.control({ kind: 'request' });
    consumer.control({ kind: 'close', nth: 0 });
    expect(consumer.outcome).toMatchObject({ admitted: ['manual__1'], active: ['manual__1'] });
    consumer.control({ kind: 'close', nth: 0 });
    expect(idsOf(consumer.outcome)).toEqual(['asset__1', 'asset__2']);
  });

  it('opens what a new condition is met by at once', () => {
    const { outcome } = sent(
      { condition: all(ORDERS, USERS), maxActiveRuns: 1 },
      batch(ORDERS),
      terms(on(ORDERS)),
    );
    expect(idsOf(outcome)).toEqual(['asset__1']);
  });

  it('opens what waited for slots when there may be more of them', () => {
    const { outcome } = sent(
      { condition: either, maxActiveRuns: 1 },
      ...[batch(ORDERS), batch(RATES), terms(either, 2), batch(RATES)],
    );
    expect(idsOf(outcome)).toEqual(['asset__1', 'asset__2']);
  });

  it('keeps the queue of assets that stay and drops that of those that go', () => {
    const { outcome } = sent({ condition: both, maxActiveRuns: 1 }, batch(ORDERS), terms(all(RATES, USERS)));
    expect(outcome.dropped.map(countsOf)).toEqual([{ [ORDERS]: 1 }]);
    expect(
      sent({ condition: both, maxActiveRuns: 1 }, batch(ORDERS), terms(all(ORDERS, USERS))).outcome,
    ).toMatchObject({ dropped: [], queued: [{ leaf: ORDERS, count: 1 }] });
  });

  it('judges an event by the condition in force where it was recorded', () => {
    const consumer = startConsumer({ condition: on(ORDERS), maxActiveRuns: unlimited });
    consumer.record(batch(RATES), terms(either, unlimited), batch(RATES));
    consumer.sendAll();
    expect(idsOf(consumer.outcome)).toEqual(['asset__3']);
  });

  it('waits without free slots, whatever is met', () => {
    const gate = aGate(either, { queued: { [ORDERS]: queuedAt(1) } });
    expect(decide(aConsumer(either, { gate, maxActiveRuns: 0 }))).toEqual({ kind: 'wait' });
    expect(decide(aConsumer(either, { gate, isPaused: true }))).toEqual({ kind: 'wait' });
    expect(decide(aConsumer(either, { gate })).kind).toBe('open');
  });

  it('holds a slot per run, also when told twice', () => {
    const run = aRunId('asset__1');
    const holding = withRun(withRun(aConsumer(either), run), run);
    expect(holding.activeRuns).toEqual([run]);
    expect(hasFreeSlot(holding)).toBe(false);
    expect(hasFreeSlot(withoutRuns(holding, [run]))).toBe(true);
    expect(withoutRuns(holding, [aRunId('asset__2')])).toEqual(holding);
  });

  it('hands back what is left when a batch opens its gate, the part behind it too', () => {
    const batches = batchesOf([[ORDERS], [RATES], [ORDERS]]);
    const counted = countBatches(aConsumer(either), batches, { upTo: 3, more: true });
    expect(counted.consumer.gate).toMatchObject({ watermark: 1, midBatch: false });
    expect(counted.rest).toEqual(batches.slice(1));
  });

  it('counts all of a message while no slot is free', () => {
    const full = aConsumer(either, { maxActiveRuns: 0 });
    const counted = countBatches(full, batchesOf([[ORDERS], [RATES]]), { upTo: 9, more: false });
    expect(counted.consumer.gate).toMatchObject({ watermark: 9, midBatch: false });
    expect(counted.rest).toEqual([]);
  });

  it('opens what whole batches met before it counts the part behind them', () => {
    const batches = batchesOf([[ORDERS], [RATES]]);
    const counted = countBatches(aConsumer(either), batches, { upTo: 2, more: true });
    expect(counted.consumer.gate.watermark).toBe(1);
    expect(counted.rest).toEqual(batches.slice(1));
  });
});
