import * as fc from 'fast-check';
import type { Seq } from '../../core/asset-event.ts';
import type { Batch } from '../../core/batch.ts';
import type { LeafId } from '../../core/leaves.ts';
import { type Condition, isSatisfied } from '../../core/condition.ts';
import { arrival, type Gate, reach, type Taken } from '../../core/gate.ts';
import { count, countUntilMet } from '../../core/gate-count.ts';
import { isMet, newestSeq, takeAll, takeLeaves } from '../../core/gate-take.ts';
import { emptyGate, redefine } from '../../core/gate-terms.ts';
import {
  aGate,
  all,
  any,
  batchesOf,
  ORDERS,
  queuedAt,
  RATES,
  STOCK,
  throughJson,
  USERS,
} from '../support/core.ts';
import { anyCondition, anyLeaf, anyLeavesOfBatches, leaves } from './arbitraries.ts';

const both = all(ORDERS, RATES);

/** Counts batches and takes everything whenever the condition is met. */
function deliver(condition: Condition<LeafId>, batches: readonly Batch[]) {
  let gate = emptyGate({ condition }, 0);
  const openings: (readonly Taken[])[] = [];
  for (const batch of batches) {
    gate = count(gate, batch);
    if (!isMet(gate)) continue;
    const { taken, gate: left } = takeAll(gate);
    openings.push(taken);
    gate = left;
  }
  return { gate, openings };
}

describe('a gate on ORDERS and RATES', () => {
  it('stays closed until both have arrived', () => {
    const { gate, openings } = deliver(both, batchesOf([[ORDERS], [ORDERS]]));
    expect(openings).toEqual([]);
    expect(gate.queued).toEqual({ [ORDERS]: queuedAt(1, 2) });
  });

  it('opens with the second, and takes all of both', () => {
    const { gate, openings } = deliver(both, batchesOf([[ORDERS], [ORDERS], [RATES]]));
    expect(openings).toEqual([
      [
        { leaf: ORDERS, count: 2, firstSeq: 1, upTo: 2 },
        { leaf: RATES, count: 1, firstSeq: 3, upTo: 3 },
      ],
    ]);
    expect(gate.queued).toEqual({});
  });

  it('begins anew behind what it opened with', () => {
    expect(deliver(both, batchesOf([[ORDERS], [RATES], [RATES], [ORDERS]])).openings).toHaveLength(2);
  });

  it('takes what branches had that were not needed', () => {
    const { openings } = deliver(any(both, USERS), batchesOf([[ORDERS], [USERS]]));
    expect(openings[0]?.map(({ leaf }) => leaf)).toEqual([ORDERS, USERS]);
  });

  it('is not asked inside a batch', () => {
    const met = reach(aGate(both, { queued: { [ORDERS]: queuedAt(1), [RATES]: queuedAt(2) } }), 2, true);
    expect(isMet(met)).toBe(false);
    expect(isMet(reach(met, 2, false))).toBe(true);
  });
});

describe('a gate', () => {
  it('without a condition never opens', () => {
    expect(
      isMet(
        count(emptyGate({ condition: null }, 0), batchesOf([[ORDERS]])[0] ?? { lastSeq: 0, entries: [] }),
      ),
    ).toBe(false);
  });

  it('that needs nothing waits for an update all the same', () => {
    expect(isMet(emptyGate({ condition: all() }, 0))).toBe(false);
  });

  it.each([
    ['follows at once', 10, 20, 'next'],
    ['overlaps', 5, 20, 'next'],
    ['ends where counting ended', 5, 10, 'old'],
    ['ended long ago', 0, 3, 'old'],
    ['leaves a gap', 11, 20, 'astray'],
  ] as const)('at position 10 knows a message that %s', (_, after, upTo, expected) => {
    expect(arrival(aGate(both, { watermark: 10 }), { after, upTo })).toBe(expected);
  });

  it('moves on where nothing was for it, and never back', () => {
    expect(reach(emptyGate({ condition: both }, 10), 20, false).watermark).toBe(20);
    expect(reach(emptyGate({ condition: both }, 10), 5, false).watermark).toBe(10);
  });

  it('counts only what lies above its watermark', () => {
    const gate = batchesOf([[ORDERS], [ORDERS], [ORDERS]]).reduce(count, emptyGate({ condition: both }, 2));
    expect(gate.queued).toEqual({ [ORDERS]: queuedAt(3) });
  });

  it('stops counting behind the batch that met it', () => {
    const batches = batchesOf([[ORDERS], [RATES], [ORDERS]]);
    const { gate, rest } = countUntilMet(emptyGate({ condition: both }, 0), batches, () => true);
    expect(gate.watermark).toBe(2);
    expect(rest).toEqual(batches.slice(2));
  });

  it('counts on while nothing may open', () => {
    const batches = batchesOf([[ORDERS], [RATES], [ORDERS]]);
    const { gate, rest } = countUntilMet(emptyGate({ condition: both }, 0), batches, () => false);
    expect(gate.watermark).toBe(3);
    expect(rest).toEqual([]);
  });

  it('gives only the leaves that are asked of it', () => {
    const gate = aGate(both, { queued: { [ORDERS]: queuedAt(1, 4), [RATES]: queuedAt(2) } });
    expect(takeLeaves(gate, new Set([ORDERS, USERS]))).toEqual({
      taken: [{ leaf: ORDERS, count: 2, firstSeq: 1, upTo: 4 }],
      gate: { ...gate, queued: { [RATES]: queuedAt(2) } },
    });
  });

  it('names its newest event', () => {
    expect(
      newestSeq(takeAll(aGate(both, { queued: { [ORDERS]: queuedAt(1, 9), [RATES]: queuedAt(2) } })).taken),
    ).toBe(9);
    expect(newestSeq(takeAll(emptyGate({ condition: both }, 7)).taken)).toBe(0);
  });

  it('is as small after a million batches as after ten', () => {
    const after = (length: number): Gate => {
      const log = Array.from({ length }, (_, index): Batch => {
        return { lastSeq: index + 1, entries: [{ leaf: ORDERS, ...queuedAt(index + 1) }] };
      });
      return countUntilMet(emptyGate({ condition: both }, 0), log, () => true).gate;
    };
    const shapeOf = (gate: Gate): string => JSON.stringify(gate).replaceAll(/\d+/g, '0');
    const million = after(1_000_000);
    expect(million.queued[ORDERS]?.count).toBe(1_000_000);
    expect(shapeOf(million)).toBe(shapeOf(after(10)));
  });
});

describe('another condition', () => {
  const queued = { [ORDERS]: queuedAt(1, 3), [RATES]: queuedAt(2) };

  it('keeps what is queued for leaves that stay, and drops the rest', () => {
    expect(redefine(aGate(both, { watermark: 3, queued }), { condition: any(RATES, USERS) }, 4)).toEqual({
      gate: aGate(any(RATES, USERS), { watermark: 4, queued: { [RATES]: queuedAt(2) } }),
      dropped: [{ leaf: ORDERS, count: 2, firstSeq: 1, upTo: 3 }],
      uncounted: [],
    });
  });

  it('drops everything when there is none any more', () => {
    const { gate, dropped } = redefine(aGate(both, { queued }), { condition: null }, 4);
    expect(gate.queued).toEqual({});
    expect(dropped).toHaveLength(2);
  });

  it('may be met by what is queued already', () => {
    const gate = aGate(all(ORDERS, RATES, STOCK), { queued });
    expect(isMet(redefine(gate, { condition: both }, 4).gate)).toBe(true);
  });
});

describe('any gate', () => {
  it('is unchanged by redelivery', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), fc.array(fc.nat()), (condition, log, again) => {
        const batches = batchesOf(log);
        const late = batches.flatMap((batch, index) => [
          batch,
          ...again.map((nth) => batches[nth % (index + 1)] ?? batch),
          batch,
        ]);
        expect(deliver(condition, late)).toEqual(deliver(condition, batches));
      }),
    );
  });

  it('gives each event to one opening at most, and keeps the rest', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), (condition, log) => {
        const { gate, openings } = deliver(condition, batchesOf(log));
        for (const leaf of leaves) {
          const positions = log.flat().flatMap((met, index) => (met === leaf ? [index + 1] : []));
          const takes = [...openings.flat(), ...takeAll(gate).taken].filter((taken) => taken.leaf === leaf);
          const shares: Seq[][] = takes.map(({ firstSeq, upTo }) =>
            positions.filter((seq) => seq >= firstSeq && seq <= upTo),
          );
          expect(shares.flat()).toEqual(positions);
          expect(takes.map((taken) => taken.count)).toEqual(shares.map(({ length }) => length));
        }
      }),
    );
  });

  it('stays met when more arrives', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), anyLeaf(), (condition, log, leaf) => {
        const gate = batchesOf(log).reduce(count, emptyGate({ condition }, 0));
        const [more] = batchesOf([[leaf]], gate.watermark + 1);
        expect(more !== undefined && (isMet(count(gate, more)) || !isMet(gate))).toBe(true);
      }),
    );
  });

  it('is the same after it was stored, and goes on the same', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), fc.nat(12), (condition, log, at) => {
        const batches = batchesOf(log);
        const gate = batches.slice(0, at).reduce(count, emptyGate({ condition }, 0));
        expect(throughJson(gate)).toEqual(gate);
        expect(batches.slice(at).reduce(count, throughJson(gate))).toEqual(
          batches.reduce(count, emptyGate({ condition }, 0)),
        );
      }),
    );
  });

  it('opens where somebody would who keeps every event in a list', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), (condition, log) => {
        let list: LeafId[] = [];
        const openings = log.map((met) => {
          list.push(...met);
          if (
            list.length === 0 ||
            !isSatisfied(condition, (leaf) => list.filter((one) => one === leaf).length)
          )
            return [];
          const opening = list;
          list = [];
          return opening;
        });
        const counts = (met: readonly LeafId[]) =>
          leaves.map((leaf) => met.filter((other) => other === leaf).length);
        expect(
          deliver(condition, batchesOf(log)).openings.map((taken) =>
            leaves.map((leaf) => taken.find((one) => one.leaf === leaf)?.count ?? 0),
          ),
        ).toEqual(openings.filter(({ length }) => length > 0).map(counts));
      }),
    );
  });

  it('stops at the first batch that meets it, as if it were asked behind each', () => {
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), (condition, log) => {
        const batches = batchesOf(log);
        const openings: (readonly Taken[])[] = [];
        let gate = emptyGate({ condition }, 0);
        for (let rest = batches; rest.length > 0;) {
          const counted = countUntilMet(gate, rest, () => true);
          const taken = isMet(counted.gate) ? takeAll(counted.gate) : { taken: [], gate: counted.gate };
          if (taken.taken.length > 0) openings.push(taken.taken);
          ({ gate } = taken);
          ({ rest } = counted);
        }
        expect({ gate, openings }).toEqual(deliver(condition, batches));
      }),
    );
  });

  it('keeps or drops all that is queued when its condition changes', () => {
    fc.assert(
      fc.property(anyCondition(), anyCondition(), anyLeavesOfBatches(), (before, after, log) => {
        const gate = batchesOf(log).reduce(count, emptyGate({ condition: before }, 0));
        const { gate: next, dropped } = redefine(gate, { condition: after }, gate.watermark + 1);
        const sorted = (taken: readonly Taken[]) => taken.toSorted((a, b) => a.leaf.localeCompare(b.leaf));
        expect(sorted([...takeAll(next).taken, ...dropped])).toEqual(sorted(takeAll(gate).taken));
        expect(dropped.some(({ leaf }) => JSON.stringify(after).includes(`"${leaf}"`))).toBe(false);
      }),
    );
  });
});
