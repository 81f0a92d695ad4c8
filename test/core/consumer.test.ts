import * as fc from 'fast-check';
import type { LeafId } from '../../core/batch.ts';
import { leavesOf } from '../../core/condition.ts';
import { countBatches, decide, hasFreeSlot, withoutRuns, withRun } from '../../core/consumer.ts';
import type { Taken } from '../../core/gate.ts';
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
  throughJson,
  USERS,
} from '../support/core.ts';
import { anyCondition, anyLeaf, leaves } from './arbitraries.ts';
import {
  batch,
  type Control,
  type LogEntry,
  type Outcome,
  type Sending,
  startConsumer,
  type Terms,
  terms,
} from './consumer-driver.ts';
import { consume } from './consumer-model.ts';

const either = any(ORDERS, RATES);
const both = all(ORDERS, RATES);
/** Above what a test opens. */
const unlimited = 1_000;
const inParts = { maxBytes: 40 };
const large = batch(ORDERS, RATES, ORDERS, RATES, ORDERS, RATES);

/** A consumer that was sent all of these. */
function sent(first: Terms, ...entries: readonly LogEntry[]) {
  const consumer = startConsumer(first);
  consumer.record(...entries);
  consumer.sendAll();
  return consumer;
}

const idsOf = ({ runs }: Outcome): readonly string[] => runs.map(({ runId }) => runId);
const countsOf = (taken: readonly Taken[] | undefined) =>
  Object.fromEntries((taken ?? []).map(({ leaf, count }) => [leaf, count]));

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

function anyTerms(): fc.Arbitrary<Terms> {
  return fc.record({
    condition: fc.oneof(
      { weight: 9, arbitrary: anyCondition() },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    maxActiveRuns: fc.integer({ min: 1, max: 3 }),
  });
}

function anyEvents(): fc.Arbitrary<LogEntry> {
  const met = fc.oneof({ weight: 4, arbitrary: anyLeaf() }, { weight: 1, arbitrary: fc.constant(null) });
  return fc
    .array(met, { minLength: 1, maxLength: 8 })
    .map((met_): LogEntry => ({ kind: 'batch', leaves: met_ }));
}

function anyLog(): fc.Arbitrary<readonly LogEntry[]> {
  const change = anyTerms().map((changed): LogEntry => ({ kind: 'terms', terms: changed }));
  return fc.array(fc.oneof({ weight: 6, arbitrary: anyEvents() }, { weight: 1, arbitrary: change }), {
    maxLength: 10,
    size: 'max',
  });
}

const anySender = () => fc.nat(1);

function anySending(): fc.Arbitrary<Sending> {
  return fc.oneof(
    fc.record({ kind: fc.constant('lose' as const), sender: anySender() }),
    fc.record({
      kind: fc.constant('read' as const),
      sender: anySender(),
      batches: fc.integer({ min: 1, max: 4 }),
    }),
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('send' as const), sender: anySender(), keeps: fc.boolean() }),
    },
  );
}

const claim: Control = { kind: 'claim' };

function anyFreeing(): fc.Arbitrary<Control> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('close' as const), nth: fc.nat(2) }) },
    fc.constantFrom<Control>({ kind: 'pause' }, { kind: 'resume' }, { kind: 'resume' }),
    fc.constant<Control>({ kind: 'request' }),
    fc.constant(claim),
  );
}

function anyControl(): fc.Arbitrary<Control> {
  const some = fc.subarray<LeafId>([...leaves], { minLength: 1 });
  return fc.oneof(
    { weight: 5, arbitrary: anyFreeing() },
    fc.record({ kind: fc.constant('clear' as const), leaves: fc.option(some) }),
  );
}

/** Steps in the order in which they happen, most of them somebody's sending. */
function anySteps(control: fc.Arbitrary<Control>): fc.Arbitrary<readonly (Sending | Control)[]> {
  return fc.array(fc.oneof({ weight: 3, arbitrary: anySending() }, { weight: 1, arbitrary: control }), {
    maxLength: 60,
    size: 'max',
  });
}

function anyCut(): fc.Arbitrary<{ readonly maxBytes: number; readonly joined: number }> {
  return fc.record({
    maxBytes: fc.constantFrom(20, 40, 70, 200, 10_000),
    joined: fc.integer({ min: 1, max: 4 }),
  });
}

/** Does all of it, then sends what is left. */
function live(
  first: Terms,
  log: readonly LogEntry[],
  steps: readonly (Sending | Control)[],
  cut: { readonly maxBytes: number; readonly joined: number },
) {
  const consumer = startConsumer(first, cut);
  consumer.record(...log);
  for (const step of steps) {
    if (step.kind === 'read' || step.kind === 'send' || step.kind === 'lose') consumer.sending(step);
    else consumer.control(step);
  }
  consumer.sendAll();
  return consumer;
}

/** Which events the conditions in force asked for. */
function askedFor(first: Terms, log: readonly LogEntry[]) {
  let inForce = first;
  let seq = 0;
  return log.flatMap((entry) => {
    if (entry.kind === 'terms') {
      inForce = entry.terms;
      seq += 1;
      return [];
    }
    const wanted = inForce.condition === null ? [] : leavesOf(inForce.condition);
    return entry.leaves.flatMap((leaf) => {
      seq += 1;
      return leaf !== null && wanted.includes(leaf) ? [{ seq, leaf }] : [];
    });
  });
}

/** Of each outcome, its parts in the order of their leaves. */
function ordered({ runs, cleared, dropped, queued, ...rest }: Outcome): Outcome {
  const byLeaf = (taken: readonly Taken[]) => taken.toSorted((a, b) => a.leaf.localeCompare(b.leaf));
  return {
    ...rest,
    runs: runs.map(({ runId, taken }) => ({ runId, taken: byLeaf(taken) })),
    ...{ cleared: cleared.map(byLeaf), dropped: dropped.map(byLeaf), queued: byLeaf(queued) },
  };
}

const numRuns = 500;

describe('any consumer', () => {
  it('does what somebody would who goes event by event and keeps lists', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { outcome, trace } = live(first, log, steps, cut);
        expect(ordered(outcome)).toEqual(ordered(consume(first, log, trace)));
      }),
      { numRuns },
    );
  });

  it('has each event in exactly one place: queued, consumed, dropped or cleared', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { runs, cleared, dropped, queued } = live(first, log, steps, cut).outcome;
        const events = askedFor(first, log);
        const takes = [
          ...runs.flatMap(({ taken }) => taken),
          ...cleared.flat(),
          ...dropped.flat(),
          ...queued,
        ];
        const inside = ({ leaf, firstSeq, upTo }: Taken) =>
          events.filter((event) => event.leaf === leaf && event.seq >= firstSeq && event.seq <= upTo);
        expect(takes.flatMap(inside).toSorted((a, b) => a.seq - b.seq)).toEqual(events);
        expect(takes.map(({ count }) => count)).toEqual(takes.map((taken) => inside(taken).length));
      }),
      { numRuns },
    );
  });

  it('opens the same runs however its messages are cut, repeated, late or lost, while slots are free', () => {
    const free = (entry: LogEntry): LogEntry =>
      entry.kind === 'terms' ? terms(entry.terms.condition, unlimited) : entry;
    const anyAffair = () => fc.tuple(anySteps(fc.constant(claim)), anyCut());
    fc.assert(
      fc.property(anyCondition(), anyLog(), anyAffair(), anyAffair(), (condition, log, one, other) => {
        const first = { condition, maxActiveRuns: unlimited };
        const [a, b] = [one, other].map(([steps, cut]) => live(first, log.map(free), steps, cut).outcome);
        expect(a).toEqual(b);
      }),
      { numRuns },
    );
  });

  it('gives a batch to one run, whole, whenever slots free', () => {
    fc.assert(
      fc.property(
        ...([anyTerms(), fc.array(anyEvents(), { maxLength: 8 }), anySteps(anyFreeing()), anyCut()] as const),
        (first, log, steps, cut) => {
          const { runs, queued } = live(first, log, steps, cut).outcome;
          const owners = [...runs.map(({ taken }) => taken), queued];
          let end = 0;
          for (const entry of log) {
            const from = end + 1;
            end += entry.kind === 'batch' ? entry.leaves.length : 1;
            const own = askedFor(first, log).filter(({ seq }) => seq >= from && seq <= end);
            const holders = owners.filter((taken) =>
              own.some(({ seq, leaf }) =>
                taken.some((one) => one.leaf === leaf && seq >= one.firstSeq && seq <= one.upTo),
              ),
            );
            expect(holders).toHaveLength(own.length === 0 ? 0 : 1);
          }
        },
      ),
      { numRuns },
    );
  });

  it('leaves nothing waiting that could run', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { consumer } = live(first, log, steps, cut);
        expect(decide(consumer)).toEqual({ kind: 'wait' });
        expect(consumer.gate.midBatch).toBe(false);
        expect(throughJson(consumer)).toEqual(consumer);
      }),
    );
  });
});
