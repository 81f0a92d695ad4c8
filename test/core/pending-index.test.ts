import * as fc from 'fast-check';
import type { Gate } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { pendingKeys, takeMet } from '../../core/gate-take.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { ofKey } from '../../core/leaves.ts';
import { indexOf } from '../../core/pending-index.ts';
import { batchesOf, ORDERS, RATES, STOCK, throughJson } from '../support/core.ts';
import { anyCondition } from './arbitraries.ts';

const anyKey = fc.constantFrom('a', 'b', 'c');
const anyLeaf = fc
  .tuple(fc.constantFrom(ORDERS, RATES, STOCK), anyKey)
  .map(([leaf, key]) => ofKey(leaf, key));
const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.array(anyLeaf, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom('take' as const, 'go back' as const) },
);

/** What is known of a gate, beside what follows from it when nothing is known. */
const known = (gate: Gate) => {
  const { pending, met } = indexOf(gate);
  return { pending: [...pending], met: new Set(met) };
};

describe('what is known of a queue', () => {
  it('is what follows from it, wherever it was moved on to', () => {
    fc.assert(
      fc.property(anyCondition(), fc.array(anyStep, { maxLength: 20, size: 'max' }), (condition, steps) => {
        const gates = [emptyGate({ condition, byKeys: {} }, 0)];
        for (const [nth, step] of steps.entries()) {
          const gate = gates.at(-1) as Gate;
          if (step === 'go back') gates.push(gates[Math.floor(gates.length / 2)] as Gate);
          else if (step === 'take') gates.push(takeMet(gate)?.gate ?? gate);
          else gates.push(batchesOf([step], 1 + nth * 10).reduce(count, gate));
        }
        for (const gate of gates.toReversed()) {
          expect(known(gate)).toEqual(known(throughJson(gate)));
          expect(pendingKeys(gate)).toEqual(pendingKeys(throughJson(gate)));
        }
      }),
      { numRuns: 500 },
    );
  });
});
