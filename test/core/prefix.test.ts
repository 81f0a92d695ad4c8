import * as fc from 'fast-check';
import { isSatisfied } from '../../core/condition.ts';
import { count } from '../../core/gate-count.ts';
import { isMet } from '../../core/gate-take.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import type { Gate } from '../../core/gate.ts';
import { takePrefixes, type WaitingEvent } from '../../core/prefix.ts';
import { all, batchesOf, ORDERS, RATES } from '../support/core.ts';
import { anyCondition, anyLeavesOfBatches } from './arbitraries.ts';

function queueOf(condition: Gate['condition'], takes: number, batches: Parameters<typeof batchesOf>[0]) {
  const counted = batchesOf(batches).reduce(count, emptyGate({ condition, takes }, 0));
  const events = batches.flat().map((leaf, index): WaitingEvent => {
    return { seq: index + 1, at: (index + 1) * 1_000, leaves: [leaf] };
  });
  return { gate: counted, events };
}

describe('runs that take a part of the queue', () => {
  it('take the oldest events that meet the condition, and further ones up to what a run takes', () => {
    const batches = [[ORDERS], [ORDERS], [RATES], [RATES], [ORDERS], [RATES], [ORDERS]];
    const { gate, events } = queueOf(all(ORDERS, RATES), 1, batches);
    const each = takePrefixes(gate, events, { most: 16, isAll: true });
    expect(each.runs.map(({ runId }) => runId)).toEqual(['asset__3', 'asset__5', 'asset__7']);
    expect(each.runs.map(({ taken }) => taken.map(({ leaf, count: events_ }) => [leaf, events_]))).toEqual([
      [
        [ORDERS, 2],
        [RATES, 1],
      ],
      [
        [RATES, 1],
        [ORDERS, 1],
      ],
      [
        [RATES, 1],
        [ORDERS, 1],
      ],
    ]);
    const four = takePrefixes({ ...gate, takes: 4 }, events, { most: 16, isAll: true });
    expect(four.runs.map(({ runId }) => runId)).toEqual(['asset__4', 'asset__7']);
    expect(four.gate.queued).toEqual({});
  });

  it('say so where what is known does not suffice', () => {
    const { gate, events } = queueOf(all(ORDERS, RATES), 1, [[ORDERS], [ORDERS], [ORDERS], [RATES]]);
    expect(takePrefixes(gate, events.slice(0, 3), { most: 1, isAll: false })).toEqual({
      runs: [],
      gate,
      isShort: true,
    });
  });

  it('give each event to one run or leave it queued, in order, and no run more than it needs or may take', () => {
    fc.assert(
      fc.property(
        ...([
          anyCondition(),
          anyLeavesOfBatches(),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 5 }),
        ] as const),
        (condition, batches, takes, most) => {
          const { gate, events } = queueOf(condition, takes, batches);
          const { runs, gate: left } = takePrefixes(gate, events, { most, isAll: true });
          let taken = 0;
          for (const run of runs) {
            const size = run.taken.reduce((sum, one) => sum + one.count, 0);
            const own = events.slice(taken, taken + size);
            const meets = (some: readonly WaitingEvent[]) =>
              isSatisfied(condition, (leaf) => some.filter(({ leaves }) => leaves.includes(leaf)).length);
            expect(own.at(-1)?.seq).toBe(Number(run.runId.slice('asset__'.length)));
            expect(meets(own)).toBe(true);
            expect(size > takes && meets(own.slice(0, -1))).toBe(false);
            taken += size;
          }
          const rest = queueOf(condition, takes, [events.slice(taken).flatMap(({ leaves }) => leaves)]).gate;
          expect(
            Object.fromEntries(Object.entries(left.queued).map(([leaf, { count: left_ }]) => [leaf, left_])),
          ).toEqual(
            Object.fromEntries(Object.entries(rest.queued).map(([leaf, { count: left_ }]) => [leaf, left_])),
          );
          expect(runs.length < most && isMet(left)).toBe(false);
          // Known in pieces, it comes to the same.
          const half = takePrefixes(gate, events.slice(0, Math.ceil(events.length / 2)), {
            most,
            isAll: false,
          });
          expect(runs.slice(0, half.runs.length)).toEqual(half.runs);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
