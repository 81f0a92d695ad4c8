import * as fc from 'fast-check';
import { type Delivery, toBatches } from '../../core/batch.ts';
import { clear, type Clearing, clearsNothing, countTaken, type Cut, cutAt } from '../../core/clearing.ts';
import type { Gate } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { ORDERS, queuedAt, RATES, recorded, throughJson } from '../support/core.ts';
import { anyLeaf, anyLeavesOfBatches, leaves as everyLeaf } from './arbitraries.ts';

/** A gate that never opens, into which these events were counted. */
function gateOf(events: readonly Delivery[]): Gate {
  return toBatches(events).reduce(count, emptyGate({ condition: null }, 0));
}

/** What the log says of the leaves that are to be cut. */
function cutsOf(events: readonly Delivery[], { cut }: Clearing): readonly Cut[] {
  const { before = 0, leaves = [] } = cut ?? {};
  return leaves.flatMap((leaf) => {
    const own = events.filter((event) => event.leaf === leaf);
    const upTo = own.findLast(({ at }) => at < before)?.seq;
    const rest = gateOf(own.filter(({ at }) => at >= before)).queued[leaf];
    return upTo === undefined || rest === undefined ? [] : [{ leaf, upTo, rest }];
  });
}

describe('clearing a queue', () => {
  const gate = gateOf(recorded([[ORDERS], [RATES], [ORDERS]]));

  it('takes all of the leaves that are named, or of all', () => {
    expect(clear(gate, { leaves: [RATES], before: null })).toMatchObject({
      taken: [{ leaf: RATES, count: 1, upTo: 2 }],
      gate: { queued: { [ORDERS]: queuedAt(1, 3) } },
      cut: null,
    });
    expect(clear(gate, { leaves: null, before: null })).toMatchObject({ gate: { queued: {} }, cut: null });
  });

  it.each([
    ['nothing of what is as new as the time', 1_000, [], null],
    ['a leaf whose newest event is older, and cuts one that began before', 3_000, [RATES], [ORDERS]],
    ['everything that is older', 3_001, [ORDERS, RATES], null],
  ])('with a time takes %s', (_, before, whole, cut) => {
    const clearing = clear(gate, { leaves: null, before });
    expect(clearing.taken.map(({ leaf }) => leaf)).toEqual(whole);
    expect(clearing.cut).toEqual(cut && { leaves: cut, before });
    expect(clearsNothing(clearing)).toBe(whole.length === 0 && cut === null);
  });

  it('cuts where the log says: the older part leaves, the rest keeps its true count and place', () => {
    const clearing = clear(gate, { leaves: null, before: 3_000 });
    const cut = cutAt(clearing, [{ leaf: ORDERS, upTo: 1, rest: queuedAt(3) }]);
    expect(cut.taken).toContainEqual({ leaf: ORDERS, count: 1, firstSeq: 1, upTo: 1 });
    expect(countTaken(cut.taken)).toBe(2);
    expect(cut.gate).toEqual({ ...gate, queued: { [ORDERS]: queuedAt(3) } });
  });

  it('leaves what somebody would have who kept every event in a list, and went on without those', () => {
    fc.assert(
      fc.property(
        anyLeavesOfBatches(),
        fc.nat(60),
        fc.option(fc.uniqueArray(anyLeaf(), { maxLength: everyLeaf.length })),
        (batches, second, leaves) => {
          const events = recorded(batches);
          const before = second * 1_000;
          const clearing = throughJson(clear(gateOf(events), { leaves, before }));
          const isCleared = ({ leaf, at }: Delivery) => at < before && (leaves?.includes(leaf) ?? true);
          const done = cutAt(clearing, cutsOf(events, clearing));
          expect(done.gate.queued).toEqual(gateOf(events.filter((event) => !isCleared(event))).queued);
          expect(done.gate.watermark).toBe(gateOf(events).watermark);
          expect(countTaken(done.taken)).toBe(events.filter(isCleared).length);
        },
      ),
    );
  });
});
