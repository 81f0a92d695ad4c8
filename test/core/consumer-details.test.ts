import { parseAssetUri } from '../../core/asset-uri.ts';
import { type LeafId, leafOfSubscription } from '../../core/leaves.ts';
import { type Condition, leavesOf } from '../../core/condition.ts';
import { consumerDetails } from '../../core/consumer-details.ts';
import type { Queued } from '../../core/gate.ts';
import { aConsumer, aGate, all, any, ORDERS, queuedAt, RATES, USERS } from '../support/core.ts';

function details(
  condition: Condition<LeafId> | null,
  queued: Readonly<Record<LeafId, Queued>> = {},
  nameOf = (leaf: LeafId) => `asset-${leaf}`,
): readonly string[] {
  const leaves = condition === null ? [] : leavesOf(condition);
  const uri = parseAssetUri('s3://lake');
  const assets = Object.fromEntries(leaves.map((leaf) => [leaf, { name: nameOf(leaf), uri }]));
  const terms = { maxActiveRuns: 1, whilePaused: 'keep', requestedRunsConsume: false } as const;
  const definition = { version: 1, plan: null, condition, assets, ...terms };
  return consumerDetails(aConsumer(condition, { gate: aGate(condition, { queued }) }), definition).split(
    '\n',
  );
}

describe('the details of a consumer', () => {
  it('draw its condition with what arrived', () => {
    expect(details(all(ORDERS, any(RATES, USERS)), { [RATES]: queuedAt(2, 5) })).toEqual([
      'Waits for asset-1; 1 of 3 assets updated.',
      '',
      '- ✗ all of',
      '  - ✗ `asset-1`',
      '  - ✓ any of',
      '    - ✓ `asset-2` — 2 queued since 1970-01-01T00:00:02.000Z',
      '    - ✗ `asset-3`',
      '',
      'Active runs: 0 of 1',
    ]);
  });

  it('draw nothing where there is no condition', () => {
    expect(details(null)).toEqual([
      'Waits for no asset: it runs by time or by hand.',
      '',
      '',
      'Active runs: 0 of 1',
    ]);
  });

  it('are cut where the condition is long, and say so', () => {
    const lines = details(all(...Array.from({ length: 2_000 }, (_, index) => leafOfSubscription(index))));
    expect(lines).toHaveLength(2 + 50 + 1 + 2);
    expect(lines).toContain('- … and 1951 more');
  });

  it('cut long names', () => {
    const [line] = details(all(ORDERS), {}, () => 'n'.repeat(500)).slice(3);
    expect(line).toBe(`  - ✗ \`${'n'.repeat(97)}...\``);
  });
});
