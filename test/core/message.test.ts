import * as fc from 'fast-check';
import { type PackedBatch, packBatch } from '../../core/batch.ts';
import { type LeafId, leafOfSubscription } from '../../core/leaves.ts';
import { maxMessageBytes, type Message, toMessages } from '../../core/message.ts';
import { batchesOf, ORDERS, RATES, recorded, USERS } from '../support/core.ts';
import { anyLeavesOfBatches } from './arbitraries.ts';

const small = 60;

/** Batches of some leaf each, with the positions between them that are of no interest here. */
function anyMessages() {
  return fc
    .record({
      log: anyLeavesOfBatches(),
      after: fc.nat(50),
      beyond: fc.nat(50),
      maxBytes: fc.integer({ min: 24, max: 300 }),
    })
    .map(({ log, after, beyond, maxBytes }) => {
      const deliveries = recorded(log, after + 3);
      const upTo = after + 3 + deliveries.length + beyond;
      return {
        deliveries,
        after,
        upTo,
        maxBytes,
        messages: toMessages(deliveries, { after, upTo }, maxBytes),
      };
    });
}

const partsOf = (messages: readonly Message[]): readonly PackedBatch[] =>
  messages.flatMap((message, index) =>
    message.more || messages[index - 1]?.more === true ? message.batches : [],
  );

const sizeOf = ({ batches }: Message): number => JSON.stringify(batches).length;

describe('messages', () => {
  it('are none where there is nothing to tell', () => {
    expect(toMessages([], { after: 3, upTo: 9 })).toEqual([]);
  });

  it('are one where it all fits, and reach beyond its last event', () => {
    const log = [[ORDERS], [RATES, ORDERS]];
    expect(toMessages(recorded(log, 5), { after: 2, upTo: 20 })).toEqual([
      { after: 2, upTo: 20, batches: batchesOf(log, 5).map(packBatch), more: false },
    ]);
  });

  it('follow each other without a gap', () => {
    const messages = toMessages(recorded([[ORDERS], [ORDERS], [ORDERS]]), { after: 0, upTo: 9 }, 20);
    expect(messages.map(({ after, upTo }) => [after, upTo])).toEqual([
      [0, 1],
      [1, 2],
      [2, 9],
    ]);
  });

  it('carry a batch that is larger than a message alone, in parts', () => {
    const log = [[ORDERS], [ORDERS, RATES, USERS, ORDERS, RATES, USERS], [ORDERS]];
    const messages = toMessages(recorded(log), { after: 0, upTo: 8 }, small);
    expect(messages.map(({ upTo, batches, more }) => ({ upTo, batches: batches.length, more }))).toEqual([
      { upTo: 1, batches: 1, more: false },
      { upTo: 4, batches: 1, more: true },
      { upTo: 7, batches: 1, more: false },
      { upTo: 8, batches: 1, more: false },
    ]);
  });

  it('stay within their size when the leaves of a large batch come unevenly', () => {
    const unevenly = [
      ...Array.from({ length: 500 }, () => ORDERS),
      ...Array.from({ length: 100 }, (_, index) => leafOfSubscription(index)),
    ];
    const messages = toMessages(recorded([unevenly]), { after: 0, upTo: 600 }, 500);
    expect(Math.max(...messages.map(sizeOf))).toBeLessThanOrEqual(500);
  });

  it('stay within their size when they are many small batches', () => {
    const log = Array.from({ length: 30_000 }, () => [ORDERS]);
    const messages = toMessages(recorded(log), { after: 0, upTo: 30_000 });
    expect(messages.length).toBeGreaterThan(1);
    expect(Math.max(...messages.map(sizeOf))).toBeLessThanOrEqual(maxMessageBytes);
  });

  it('need no parts for the largest batch of the largest condition', () => {
    const leaves = Array.from({ length: 10_000 }, (_, index) => leafOfSubscription(index % 2_000));
    const messages = toMessages(recorded([leaves], 10 ** 12), { after: 0, upTo: 2 * 10 ** 12 });
    expect(messages).toHaveLength(1);
  });
});

describe('any messages', () => {
  it('cover the stretch without a gap or an overlap', () => {
    fc.assert(
      fc.property(anyMessages(), ({ messages, after, upTo }) => {
        expect(messages.map((message) => message.after)).toEqual(
          [after, ...messages.map((message) => message.upTo)].slice(0, messages.length),
        );
        expect(messages.at(-1)?.upTo ?? upTo).toBe(upTo);
        for (const message of messages) expect(message.upTo).toBeGreaterThan(message.after);
      }),
    );
  });

  it('carry every event once, between where they begin and where they end', () => {
    fc.assert(
      fc.property(anyMessages(), ({ messages, deliveries }) => {
        const seen: { leaf: LeafId; seq: number }[] = [];
        for (const { after, upTo, batches } of messages) {
          for (const [lastSeq, ...entries] of batches) {
            for (const entry of entries) {
              const [firstSeq, entryLast, count] =
                entry.length === 3 ? [entry[1], entry[1], 1] : [entry[2], entry[3], entry[1]];
              const own = deliveries.filter(
                ({ seq, leaf }) => leaf === entry[0] && seq >= firstSeq && seq <= entryLast,
              );
              expect(own).toHaveLength(count);
              expect(after < firstSeq && entryLast <= lastSeq && lastSeq <= upTo).toBe(true);
              seen.push(...own);
            }
          }
        }
        expect(seen.toSorted((a, b) => a.seq - b.seq)).toEqual(deliveries);
      }),
    );
  });

  it('are within their size, but for one event that is larger', () => {
    fc.assert(
      fc.property(anyMessages(), ({ messages, maxBytes }) => {
        for (const message of messages) {
          const isOneEvent = message.batches.length === 1 && message.batches[0]?.[1]?.length === 3;
          expect(isOneEvent || sizeOf(message) <= maxBytes).toBe(true);
        }
      }),
    );
  });

  it('keep a batch whole that fits', () => {
    fc.assert(
      fc.property(anyMessages(), ({ messages, deliveries, maxBytes }) => {
        for (const end of new Set(deliveries.map(({ batchEnd }) => batchEnd))) {
          const own = deliveries.filter(({ batchEnd }) => batchEnd === end);
          const [whole] = toMessages(own, { after: 0, upTo: end });
          const carriers = messages.filter(({ after, upTo }) =>
            own.some(({ seq }) => seq > after && seq <= upTo),
          );
          const fits = whole !== undefined && sizeOf(whole) <= maxBytes;
          expect(carriers.length === 1 || !fits).toBe(true);
          // A part is never together with anything else.
          expect(carriers.length === 1 || carriers.every(({ batches }) => batches.length === 1)).toBe(true);
          expect(carriers.map(({ more }) => more)).toEqual(
            carriers.map((_, index) => index < carriers.length - 1),
          );
        }
      }),
    );
  });

  it('have the same parts when they are sent again from elsewhere', () => {
    fc.assert(
      fc.property(anyMessages(), fc.nat(), ({ deliveries, after, upTo, maxBytes, messages }, nth) => {
        const ends = [after, ...new Set(deliveries.map(({ batchEnd }) => batchEnd))];
        const from = ends[nth % ends.length] ?? after;
        const later = deliveries.filter(({ seq }) => seq > from);
        const again = partsOf(toMessages(later, { after: from, upTo }, maxBytes));
        expect(again).toEqual(partsOf(messages).filter(([lastSeq]) => lastSeq > from));
      }),
    );
  });
});
