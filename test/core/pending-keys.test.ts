import * as fc from 'fast-check';
import type { Batch } from '../../core/batch.ts';
import { type AskedRun, decide, takeBatches, withoutRuns, withRun } from '../../core/consumer.ts';
import type { Gate, Queued } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { isOpen, pendingKeys, takeMet } from '../../core/gate-take.ts';
import { nextChangeAt, passTime } from '../../core/gate-time.ts';
import type { RunId } from '../../core/ids.ts';
import { emptyGate, redefine } from '../../core/gate-terms.ts';
import { keyOf, type LeafId, leafOfSubscription, ofKey } from '../../core/leaves.ts';
import { byAge, indexOf } from '../../core/pending-index.ts';
import { forgetKeys, keysToRecall, recalled } from '../../core/pending-keys.ts';
import { aConsumer, all, atLeast, batchesOf, ORDERS, RATES, STOCK, throughJson } from '../support/core.ts';

const empty = emptyGate({ condition: all(ORDERS, RATES), byKeys: {} }, 0);
const gateOf = (batches: readonly (readonly LeafId[])[]): Gate => batchesOf(batches).reduce(count, empty);
const orders = (key: string): LeafId => ofKey(ORDERS, key);
const rates = (key: string): LeafId => ofKey(RATES, key);

describe('a gate with many partition keys', () => {
  it('lets go of those that were touched least lately, and of met ones last, the newest first', () => {
    const gate = gateOf([
      [orders('a')],
      [orders('b')],
      [orders('c'), rates('c')],
      [orders('d'), rates('d')],
      [orders('a')],
    ]);
    expect(forgetKeys(gate, 6)).toBe(gate);
    const four = forgetKeys(gate, 5.4);
    expect(pendingKeys(four)).toEqual(['c', 'd']);
    expect(four.forgotten).toEqual({ hasMet: false });
    const two = forgetKeys(gate, 3);
    expect(pendingKeys(two)).toEqual(['c']);
    expect(two.forgotten).toEqual({ hasMet: true, metFrom: 5 });
  });

  it('knows which keys it may have let go of, and has them back as they were', () => {
    const anyKey = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const anyEvent = fc
      .tuple(fc.boolean(), anyKey)
      .map(([isOrder, key]) => (isOrder ? orders(key) : rates(key)));
    fc.assert(
      fc.property(
        fc.array(fc.array(anyEvent, { minLength: 1, maxLength: 3 }), { maxLength: 12 }),
        fc.array(anyEvent, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 8 }),
        (batches, next, most) => {
          const gate = gateOf(batches);
          const small = forgetKeys(gate, most);
          expect(Object.keys(small.queued).length).toBeLessThanOrEqual(Math.max(most, 0));
          const [batch] = batchesOf([next]);
          const later = batch === undefined ? [] : [{ ...batch, lastSeq: gate.watermark + batch.lastSeq }];
          const keys = keysToRecall(small, later);
          const log: Readonly<Record<LeafId, Queued>> = gate.queued;
          const asked = Object.entries<Queued>(log).filter(([leaf]) =>
            keys.includes(keyOf(leaf as LeafId) ?? ''),
          );
          const back = recalled(small, Object.fromEntries(asked));
          const touched = new Set(next.map(keyOf));
          const of = ({ queued }: Gate) =>
            Object.fromEntries(Object.entries(queued).filter(([leaf]) => touched.has(keyOf(leaf as LeafId))));
          expect(of(later.reduce(count, back))).toEqual(of(later.reduce(count, gate)));
        },
      ),
    );
  });
});

describe('keys that wait for more once they are met', () => {
  const settling = (nth: number): string => `k${String(nth).padStart(4, '0')}`;
  const start = emptyGate(
    { condition: all(ORDERS, RATES), byKeys: {}, settle: { quietMs: 3_600_000, maxMs: null } },
    0,
  );
  const metGate = (keys: number): Gate =>
    batchesOf(Array.from({ length: keys }, (_, nth) => [orders(settling(nth)), rates(settling(nth))])).reduce(
      count,
      start,
    );
  const openKeys = (gate: Gate): readonly string[] => pendingKeys(gate).filter((key) => isOpen(gate, key));

  it('are at most a thousand by leaf, and those that were met first wait no longer', () => {
    expect(openKeys(metGate(500))).toEqual([]);
    const gate = metGate(502);
    expect(openKeys(gate)).toEqual(['k0000', 'k0001']);
    expect(takeMet(gate)?.key).toBe('k0000');
    expect(openKeys(takeMet(gate)?.gate ?? gate)).toEqual(['k0001']);
    expect(nextChangeAt(gate)).toBe(6_000 + 3_600_000);
  });

  it('are never let go of while they wait, and are ready when they come back', () => {
    const gate = metGate(520);
    const small = forgetKeys(gate, 1_010);
    expect(pendingKeys(small)).toHaveLength(500);
    expect([openKeys(small), small.forgotten]).toEqual([[], { hasMet: true, metFrom: 1 }]);
    const log = Object.entries<Queued>(gate.queued).filter(([leaf]) => !(leaf in small.queued));
    const back = recalled(small, Object.fromEntries(log), { hasMet: false });
    expect(openKeys(throughJson(back))).toEqual(openKeys(gate));
    // More of one that waits no longer does not make it wait again.
    const again = batchesOf([[orders('k0000')]], 1_500).reduce(count, back);
    expect(openKeys(again)).toEqual(openKeys(gate));
  });

  it('are fewer when an edit adds leaves', () => {
    const others = Array.from({ length: 23 }, (_, nth) => leafOfSubscription(nth + 10));
    const edited = redefine(
      metGate(500),
      {
        condition: atLeast(2, ORDERS, RATES, ...others),
        byKeys: {},
        settle: { quietMs: 3_600_000, maxMs: null },
      },
      5_000,
    );
    const waiting = (gate: Gate) => Object.values(gate.metAt ?? {}).filter((at) => at !== null).length;
    expect(waiting(edited.gate)).toBe(40);
    expect(waiting(batchesOf([[orders('k0499')]], 6_000).reduce(count, edited.gate))).toBe(40);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('may be called %s', (key) => {
    const gate = batchesOf([[orders(key), rates(key)]]).reduce(count, start);
    expect(openKeys(gate)).toEqual([]);
    expect(nextChangeAt(throughJson(gate))).toBe(2_000 + 3_600_000);
    expect(openKeys(passTime(throughJson(gate), 2_000 + 3_600_000))).toEqual([key]);
  });

  it('start the same runs whatever is let go of, and while slots are free however messages are cut', () => {
    // Of so many leaves, ten keys may wait.
    const others = Array.from({ length: 98 }, (_, nth) => leafOfSubscription(nth + 10));
    const wide = { ...start, condition: atLeast(2, ORDERS, RATES, ...others) };
    const anyOne = fc
      .tuple(fc.subarray([orders, rates], { minLength: 1 }), fc.integer({ min: 0, max: 60 }))
      .map(([leaves, nth]) => leaves.map((leaf) => leaf(settling(nth))));
    const anyBatch = fc.array(anyOne, { minLength: 1, maxLength: 3 }).map((ones) => ones.flat());
    const anyCuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(anyBatch, { minLength: 1, maxLength: 150, size: 'max' }),
        fc.tuple(anyCuts, anyCuts),
        fc.integer({ min: 0, max: 3 }),
        (recorded, [cuts, otherCuts], slots) => {
          const batches = batchesOf(recorded);
          expect(consume(wide, batches, cuts, { slots, most: 24 })).toEqual(
            consume(wide, batches, cuts, { slots, most: 10_000 }),
          );
          expect(consume(wide, batches, cuts, { slots: 1_000, most: 24 })).toEqual(
            consume(wide, batches, otherCuts, { slots: 1_000, most: 10_000 }),
          );
        },
      ),
      { numRuns: 40, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: true },
    );
  });
});

/** Sends batches in messages of these sizes, and closes the oldest run behind each. @returns which runs there were */
function consume(
  gate: Gate,
  batches: readonly Batch[],
  cuts: readonly number[],
  { slots, most }: { readonly slots: number; readonly most: number },
): readonly RunId[] {
  const runs: RunId[] = [];
  let consumer = aConsumer(null, { gate, maxActiveRuns: slots });
  /** What is queued, by key: what the log knows. */
  let log: Readonly<Record<LeafId, Queued>> = {};
  const read = (isWanted: (key: string) => boolean): Gate['queued'] =>
    Object.fromEntries(Object.entries(log).filter(([leaf]) => isWanted(keyOf(leaf as LeafId) ?? '')));
  const opened = (run: AskedRun): void => {
    runs.push(run.runId);
    log = read((key) => key !== run.key);
  };
  const settle = (): void => {
    const decision = decide(consumer);
    if (decision.kind === 'recall') {
      const all = { ...consumer.gate, queued: log };
      const held = new Set(pendingKeys(consumer.gate));
      const { pending, met } = indexOf(all);
      const away = [...pending].filter(([key]) => met.has(key) && !held.has(key ?? '')).toSorted(byAge);
      const first = new Set(away.slice(0, 2).map(([key]) => key));
      const next = away[2];
      const forgotten = next === undefined ? { hasMet: false } : { hasMet: true, metFrom: next[1].firstSeq };
      consumer = {
        ...consumer,
        gate: recalled(
          consumer.gate,
          read((key) => first.has(key)),
          forgotten,
        ),
      };
    } else if (decision.kind === 'open') {
      opened(decision.run);
      consumer = withRun({ ...consumer, gate: decision.gate }, decision.run.runId);
    } else return;
    settle();
  };
  const close = (): void => {
    consumer = withoutRuns(consumer, consumer.activeRuns.slice(0, 1));
    settle();
  };
  let from = 0;
  for (let nth = 0; from < batches.length; nth += 1) {
    let rest = batches.slice(from, from + (cuts[nth % cuts.length] ?? 1));
    from += rest.length;
    const upTo = rest.at(-1)?.lastSeq ?? 0;
    const keys = keysToRecall(consumer.gate, rest);
    consumer = {
      ...consumer,
      gate: recalled(
        consumer.gate,
        read((key) => keys.includes(key)),
      ),
    };
    while (rest.length > 0) {
      const before = rest.length;
      const taken = takeBatches(consumer, rest, { upTo, more: false }, 1);
      log = rest
        .slice(0, before - taken.rest.length)
        .reduce(count, { ...gate, watermark: 0, queued: log }).queued;
      taken.asked.forEach(opened);
      consumer = taken.consumer;
      rest = [...taken.rest];
    }
    consumer = { ...consumer, gate: throughJson(forgetKeys(consumer.gate, most)) };
    close();
  }
  while (consumer.activeRuns.length > 0) close();
  return runs;
}

describe('an edit of how keys are made', () => {
  it('drops what is queued of the assets it is about, and keeps the rest', () => {
    const condition = all(ORDERS, RATES);
    const before = batchesOf([[orders('a')], [rates('a')]]).reduce(
      count,
      emptyGate({ condition: all(ORDERS, RATES, STOCK), byKeys: { [ORDERS]: 'x', [RATES]: 'x' } }, 0),
    );
    const edited = redefine(before, { condition, byKeys: { [ORDERS]: 'x', [RATES]: 'y' } }, 3);
    expect(Object.keys(edited.gate.queued)).toEqual([orders('a')]);
    expect(edited.dropped.map(({ leaf }) => leaf)).toEqual([rates('a')]);
    expect(redefine(before, { condition }, 3).dropped).toHaveLength(2);
  });
});
