import * as fc from 'fast-check';
import type { Gate, Queued } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { pendingKeys } from '../../core/gate-take.ts';
import { emptyGate, redefine } from '../../core/gate-terms.ts';
import { keyOf, type LeafId, ofKey } from '../../core/leaves.ts';
import { forgetKeys, keysToRecall, recalled } from '../../core/pending-keys.ts';
import { all, batchesOf, ORDERS, RATES, STOCK } from '../support/core.ts';

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
    expect(two.forgotten).toEqual({ hasMet: true });
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
