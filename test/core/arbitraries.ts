import * as fc from 'fast-check';
import type { LeafId } from '../../core/leaves.ts';
import type { Condition } from '../../core/condition.ts';
import { ORDERS, RATES, STOCK, USERS } from '../support/core.ts';

export const leaves: readonly LeafId[] = [ORDERS, RATES, USERS, STOCK];

export function anyLeaf(): fc.Arbitrary<LeafId> {
  return fc.constantFrom(...leaves);
}

/** A tree of at most a few levels, also with parts that need nothing or can never be met. */
export function anyCondition(): fc.Arbitrary<Condition<LeafId>> {
  return fc.letrec<{ tree: Condition<LeafId> }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.record({ kind: fc.constant('asset' as const), asset: anyLeaf() }),
      fc.record({
        kind: fc.constant('asset' as const),
        asset: anyLeaf(),
        count: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        kind: fc.constantFrom('all' as const, 'any' as const),
        of: fc.array(tie('tree'), { maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constant('atLeast' as const),
        count: fc.integer({ min: 1, max: 3 }),
        of: fc.array(tie('tree'), { maxLength: 4 }),
      }),
    ),
  })).tree;
}

/** Which leaves the events of one batch meet. */
export function anyLeavesOfBatch(): fc.Arbitrary<readonly LeafId[]> {
  return fc.array(anyLeaf(), { minLength: 1, maxLength: 8 });
}

export function anyLeavesOfBatches(): fc.Arbitrary<readonly (readonly LeafId[])[]> {
  return fc.array(anyLeavesOfBatch(), { maxLength: 12 });
}
