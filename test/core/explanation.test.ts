import * as fc from 'fast-check';
import { parseAssetUri } from '../../core/asset-uri.ts';
import { type LeafId, leafOfSubscription } from '../../core/leaves.ts';
import { type Condition, isSatisfied, leavesOf } from '../../core/condition.ts';
import type { Consumer } from '../../core/consumer.ts';
import { explain, type Explanation, summarize } from '../../core/explanation.ts';
import { count } from '../../core/gate-count.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import {
  aConsumer,
  aGate,
  all,
  any,
  atLeast,
  aRunId,
  batchesOf,
  on,
  ORDERS,
  queuedAt,
  RATES,
  STOCK,
  USERS,
} from '../support/core.ts';
import { anyCondition, anyLeavesOfBatches, leaves } from './arbitraries.ts';

const names = { [ORDERS]: 'orders', [RATES]: 'rates', [USERS]: 'users', [STOCK]: 'stock' };

function assetOf(leaf: LeafId) {
  const name = names[leaf] ?? `asset-${leaf}`;
  return { name, uri: parseAssetUri(`s3://lake/${name}`) };
}

function explained(condition: Condition<LeafId>, met: readonly LeafId[]): Explanation {
  const queued = Object.fromEntries(met.map((leaf, index) => [leaf, queuedAt(index + 1)]));
  const assets = Object.fromEntries(leavesOf(condition).map((leaf) => [leaf, assetOf(leaf)]));
  return explain(condition, assets, aGate(condition, { queued }));
}

/** The sentence about a consumer for whose leaves something arrived, or nothing did. */
function sentence(
  condition: Condition<LeafId>,
  { met = [], ...rest }: Partial<Consumer> & { readonly met?: readonly LeafId[] } = {},
): string {
  return summarize(aConsumer(condition, rest), explained(condition, met));
}

const atCap = { maxActiveRuns: 2, activeRuns: [aRunId('asset__1'), aRunId('asset__2')] };
const both = all(ORDERS, RATES);

describe('the sentence about a consumer', () => {
  it.each([
    ['of one asset', on(ORDERS), [], 'Waits for orders; 0 of 1 assets updated.'],
    ['of all, none updated', both, [], 'Waits for orders and rates; 0 of 2 assets updated.'],
    ['of all, one updated', both, [ORDERS], 'Waits for rates; 1 of 2 assets updated.'],
    ['of any', any(ORDERS, RATES), [], 'Waits for orders or rates; 0 of 2 assets updated.'],
    [
      'of a choice inside',
      all(ORDERS, any(RATES, USERS)),
      [],
      'Waits for orders and (rates or users); 0 of 3 assets updated.',
    ],
    [
      'of which a choice is left',
      all(ORDERS, any(RATES, USERS)),
      [ORDERS],
      'Waits for rates or users; 1 of 3 assets updated.',
    ],
    [
      'of two ways, one begun',
      any(both, all(USERS, STOCK)),
      [ORDERS],
      'Waits for rates or (users and stock); 1 of 4 assets updated.',
    ],
    [
      'of a choice that was made',
      all(any(RATES, USERS), ORDERS),
      [USERS],
      'Waits for orders; 1 of 3 assets updated.',
    ],
    [
      'of an asset that is written twice',
      all(ORDERS, any(ORDERS, RATES)),
      [ORDERS, RATES],
      'All it needs has arrived; a run is about to start.',
    ],
    ['of several updates', on(ORDERS, 3), [], 'Waits for orders (3 more); 0 of 1 assets updated.'],
    [
      'of several updates, one there',
      on(ORDERS, 3),
      [ORDERS],
      'Waits for orders (2 more); 0 of 1 assets updated.',
    ],
    [
      'of some, one updated',
      atLeast(2, ORDERS, RATES, USERS),
      [RATES],
      'Waits for 1 of (orders, users); 1 of 3 assets updated.',
    ],
    [
      'of some beside another one',
      all(STOCK, atLeast(2, ORDERS, RATES, on(USERS, 2))),
      [],
      'Waits for stock and 2 of (orders, rates, users (2 more)); 0 of 4 assets updated.',
    ],
    [
      'of as many as there are left',
      atLeast(2, ORDERS, RATES),
      [],
      'Waits for orders and rates; 0 of 2 assets updated.',
    ],
    [
      'of more than there are',
      atLeast(2, ORDERS),
      [],
      'Waits for nothing it could be given; 0 of 1 assets updated.',
    ],
    ['of nothing that can arrive', any(), [], 'Waits for nothing it could be given; 0 of 0 assets updated.'],
    ['of nothing at all', all(), [], 'Waits for nothing it could be given; 0 of 0 assets updated.'],
  ])('says what is missing: %s', (_, condition, met, expected) => {
    expect(sentence(condition, { met })).toBe(expected);
  });

  it('counts an asset that is written twice once', () => {
    expect(sentence(all(ORDERS, any(ORDERS, RATES)))).toMatch(/; 0 of 2 assets updated\.$/);
  });

  it('only counts the missing ones where they are many', () => {
    const six = [1, 2, 3, 4, 5, 6].map(leafOfSubscription);
    expect(sentence(all(...six))).toBe('Waits for 6 assets; 0 of 6 assets updated.');
    expect(sentence(any(...six))).toBe('Waits for any of 6 assets; 0 of 6 assets updated.');
    expect(sentence(any(all(...six), leafOfSubscription(7)))).toMatch(/^Waits for some of 7 assets;/);
  });

  it('does not count what a choice that was made left over', () => {
    const many = [11, 12, 13, 14, 15, 16, 17].map(leafOfSubscription);
    const met = many.slice(0, 1);
    expect(sentence(all(any(...many), ORDERS), { met })).toBe('Waits for orders; 1 of 8 assets updated.');
  });

  it('says that it is paused, whatever arrived', () => {
    expect(sentence(both, { met: [ORDERS, RATES], isPaused: true })).toBe(
      'Paused; 2 of 2 assets updated; nothing starts until it is resumed.',
    );
  });

  it('says that it is at its cap once it is ready, and only then', () => {
    expect(sentence(both, { met: [ORDERS, RATES], ...atCap })).toBe(
      'Ready, but 2 of 2 runs are active; the next one starts when one of them ends.',
    );
    expect(sentence(both, atCap)).toMatch(/^Waits for orders and rates/);
  });

  it('says that a requested run comes next', () => {
    expect(sentence(both, { hasRequests: true })).toBe('A requested run is about to start.');
    expect(sentence(both, { hasRequests: true, ...atCap })).toMatch(/^Ready, but 2 of 2 runs are active/);
  });

  it('says that its DAG was removed, whatever else is so', () => {
    const removed = { maxActiveRuns: 0 };
    expect(summarize(aConsumer(null, removed), null)).toBe('The DAG was removed.');
    expect(sentence(both, { met: [ORDERS, RATES], isPaused: true, hasRequests: true, ...removed })).toBe(
      'The DAG was removed.',
    );
  });

  it('says that it runs by time or by hand where events start nothing', () => {
    expect(summarize(aConsumer(null), null)).toBe('Waits for no asset: it runs by time or by hand.');
    expect(summarize(aConsumer(null, { isPaused: true }), null)).toMatch(/^Paused; it waits for no asset;/);
  });
});

describe('an explanation', () => {
  it('says of each leaf what is queued for it since when', () => {
    expect(explained(both, [RATES])).toEqual({
      kind: 'all',
      met: false,
      needed: 2,
      of: [
        { kind: 'asset', asset: assetOf(ORDERS), met: false, needed: 1, queued: null },
        { kind: 'asset', asset: assetOf(RATES), met: true, needed: 1, queued: queuedAt(1) },
      ],
    });
  });

  it('is refused for a leaf that stands for nothing', () => {
    expect(() => explain(on(ORDERS), {}, emptyGate({ condition: on(ORDERS) }, 0))).toThrow(
      /leaf 1 stands for no asset/,
    );
  });

  it('agrees with the condition at every node', () => {
    const assets = Object.fromEntries(leaves.map((leaf) => [leaf, assetOf(leaf)]));
    fc.assert(
      fc.property(anyCondition(), anyLeavesOfBatches(), (condition, log) => {
        const gate = batchesOf(log).reduce(count, emptyGate({ condition }, 0));
        const judge = (part: Condition<LeafId>): unknown => ({
          ...(part.kind === 'asset' ? { asset: assetOf(part.asset) } : { of: part.of.map(judge) }),
          kind: part.kind,
          met: isSatisfied(part, (leaf) => log.flat().filter((one) => one === leaf).length),
        });
        expect(explain(condition, assets, gate)).toMatchObject(Object(judge(condition)));
      }),
    );
  });
});
