import * as fc from 'fast-check';
import type { LeafId } from '../../core/leaves.ts';
import { anyCondition, anyLeaf, leaves } from './arbitraries.ts';
import type { Control, LogEntry, Sending, Terms } from './consumer-story.ts';

export function anyTerms(): fc.Arbitrary<Terms> {
  return fc.record({
    condition: fc.oneof(
      { weight: 9, arbitrary: anyCondition() },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    maxActiveRuns: fc.integer({ min: 1, max: 3 }),
    whilePaused: fc.constantFrom('keep', 'ignore'),
    requestedRunsConsume: fc.boolean(),
  });
}

export function anyEvents(): fc.Arbitrary<LogEntry> {
  const met = fc.oneof({ weight: 4, arbitrary: anyLeaf() }, { weight: 1, arbitrary: fc.constant(null) });
  return fc
    .array(met, { minLength: 1, maxLength: 8 })
    .map((met_): LogEntry => ({ kind: 'batch', leaves: met_ }));
}

export function anyLog(): fc.Arbitrary<readonly LogEntry[]> {
  const change = anyTerms().map((changed): LogEntry => ({ kind: 'terms', terms: changed }));
  return fc.array(fc.oneof({ weight: 6, arbitrary: anyEvents() }, { weight: 1, arbitrary: change }), {
    maxLength: 10,
    size: 'max',
  });
}

const anySender = () => fc.nat(1);

function anySending(): fc.Arbitrary<Sending> {
  return fc.oneof(
    fc.record({ kind: fc.constant('lose' as const), sender: anySender() }),
    fc.record({
      kind: fc.constant('read' as const),
      sender: anySender(),
      batches: fc.integer({ min: 1, max: 4 }),
    }),
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('send' as const), sender: anySender(), keeps: fc.boolean() }),
    },
  );
}

export const claim: Control = { kind: 'claim' };

export function anyFreeing(): fc.Arbitrary<Control> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('close' as const), nth: fc.nat(2) }) },
    fc.constantFrom<Control>({ kind: 'pause' }, { kind: 'resume' }, { kind: 'resume' }),
    fc.constant<Control>({ kind: 'request' }),
    fc.constant(claim),
  );
}

export function anyControl(): fc.Arbitrary<Control> {
  const some = fc.subarray<LeafId>([...leaves], { minLength: 1 });
  return fc.oneof(
    { weight: 5, arbitrary: anyFreeing() },
    fc.record({ kind: fc.constant('clear' as const), leaves: fc.option(some) }),
  );
}

/** Steps in the order in which they happen, most of them somebody's sending. */
export function anySteps(control: fc.Arbitrary<Control>): fc.Arbitrary<readonly (Sending | Control)[]> {
  return fc.array(fc.oneof({ weight: 3, arbitrary: anySending() }, { weight: 1, arbitrary: control }), {
    maxLength: 60,
    size: 'max',
  });
}

export function anyCut(): fc.Arbitrary<{ readonly maxBytes: number; readonly joined: number }> {
  return fc.record({
    maxBytes: fc.constantFrom(20, 40, 70, 200, 10_000),
    joined: fc.integer({ min: 1, max: 4 }),
  });
}
