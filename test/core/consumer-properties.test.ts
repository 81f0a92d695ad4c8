import * as fc from 'fast-check';
import { leavesOf } from '../../core/condition.ts';
import type { Seq } from '../../core/asset-event.ts';
import { type Consumer, decide } from '../../core/consumer.ts';
import { isIgnored, type Taken } from '../../core/gate.ts';
import { throughJson } from '../support/core.ts';
import { anyCondition } from './arbitraries.ts';
import {
  anyControl,
  anyCut,
  anyEvents,
  anyFreeing,
  anyLog,
  anySteps,
  anyTerms,
  claim,
} from './consumer-arbitraries.ts';
import { startConsumer } from './consumer-driver.ts';
import { consume } from './consumer-model.ts';
import {
  type Control,
  type LogEntry,
  type Outcome,
  type Sending,
  type Terms,
  terms,
} from './consumer-story.ts';

/** Above what a test opens. */
const unlimited = 1_000;

/** Does all of it, then sends what is left. */
function live(
  first: Terms,
  log: readonly LogEntry[],
  steps: readonly (Sending | Control)[],
  cut: { readonly maxBytes: number; readonly joined: number },
) {
  const consumer = startConsumer(first, cut);
  consumer.record(...log);
  for (const step of steps) {
    if (step.kind === 'read' || step.kind === 'send' || step.kind === 'lose') consumer.sending(step);
    else consumer.control(step);
  }
  consumer.sendAll();
  return consumer;
}

/** Which events the conditions in force asked for. */
function askedFor(first: Terms, log: readonly LogEntry[]) {
  let inForce = first;
  let seq = 0;
  return log.flatMap((entry) => {
    if (entry.kind === 'terms') {
      inForce = entry.terms;
      seq += 1;
      return [];
    }
    const wanted = inForce.condition === null ? [] : leavesOf(inForce.condition);
    return entry.leaves.flatMap((leaf) => {
      seq += 1;
      return leaf !== null && wanted.includes(leaf) ? [{ seq, leaf }] : [];
    });
  });
}

/** Whether a pause ignored an event, or the one that goes on does. */
function isLeftOut({ ignored }: Outcome, { gate }: Consumer, { seq }: { readonly seq: Seq }): boolean {
  return ignored.some(({ after, upTo }) => seq > after && seq <= upTo) || isIgnored(gate, seq);
}

/** Of each outcome, its parts in the order of their leaves. */
function ordered({ runs, cleared, dropped, queued, ...rest }: Outcome): Outcome {
  const byLeaf = (taken: readonly Taken[]) => taken.toSorted((a, b) => a.leaf.localeCompare(b.leaf));
  return {
    ...rest,
    runs: runs.map(({ runId, taken }) => ({ runId, taken: byLeaf(taken) })),
    ...{ cleared: cleared.map(byLeaf), dropped: dropped.map(byLeaf), queued: byLeaf(queued) },
  };
}

const numRuns = 500;

describe('any consumer', () => {
  it('does what somebody would who goes event by event and keeps lists', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { outcome, trace } = live(first, log, steps, cut);
        expect(ordered(outcome)).toEqual(ordered(consume(first, log, trace)));
      }),
      { numRuns: 4 * numRuns },
    );
  });

  it('has each event in exactly one place: queued, consumed, dropped, cleared or ignored', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { consumer, outcome } = live(first, log, steps, cut);
        const { runs, cleared, dropped, queued } = outcome;
        const events = askedFor(first, log).filter((event) => !isLeftOut(outcome, consumer, event));
        const takes = [
          ...runs.flatMap(({ taken }) => taken),
          ...cleared.flat(),
          ...dropped.flat(),
          ...queued,
        ];
        const inside = ({ leaf, firstSeq, upTo }: Taken) =>
          events.filter((event) => event.leaf === leaf && event.seq >= firstSeq && event.seq <= upTo);
        expect(takes.flatMap(inside).toSorted((a, b) => a.seq - b.seq)).toEqual(events);
        expect(takes.map(({ count }) => count)).toEqual(takes.map((taken) => inside(taken).length));
      }),
      { numRuns },
    );
  });

  it('opens the same runs however its messages are cut, repeated, late or lost, while slots are free', () => {
    const free = (entry: LogEntry): LogEntry =>
      entry.kind === 'terms' ? terms(entry.terms.condition, unlimited) : entry;
    const anyAffair = () => fc.tuple(anySteps(fc.constant(claim)), anyCut());
    fc.assert(
      fc.property(anyCondition(), anyLog(), anyAffair(), anyAffair(), (condition, log, one, other) => {
        const first = { condition, maxActiveRuns: unlimited };
        const [a, b] = [one, other].map(([steps, cut]) => live(first, log.map(free), steps, cut).outcome);
        expect(a).toEqual(b);
      }),
      { numRuns },
    );
  });

  it('gives a batch to one run, whole, whenever slots free', () => {
    fc.assert(
      fc.property(
        ...([anyTerms(), fc.array(anyEvents(), { maxLength: 8 }), anySteps(anyFreeing()), anyCut()] as const),
        (first, log, steps, cut) => {
          const { consumer, outcome } = live(first, log, steps, cut);
          const { runs, queued } = outcome;
          const owners = [...runs.map(({ taken }) => taken), queued];
          let end = 0;
          for (const entry of log) {
            const from = end + 1;
            end += entry.kind === 'batch' ? entry.leaves.length : 1;
            const own = askedFor(first, log).filter(({ seq }) => seq >= from && seq <= end);
            const holders = owners.filter((taken) =>
              own.some(({ seq, leaf }) =>
                taken.some((one) => one.leaf === leaf && seq >= one.firstSeq && seq <= one.upTo),
              ),
            );
            const isNobodys = own.every((event) => isLeftOut(outcome, consumer, event));
            expect(holders).toHaveLength(isNobodys ? 0 : 1);
          }
        },
      ),
      { numRuns },
    );
  });

  it('leaves nothing waiting that could run', () => {
    fc.assert(
      fc.property(anyTerms(), anyLog(), anySteps(anyControl()), anyCut(), (first, log, steps, cut) => {
        const { consumer } = live(first, log, steps, cut);
        expect(decide(consumer)).toEqual({ kind: 'wait' });
        expect(consumer.gate.midBatch).toBe(false);
        expect(throughJson(consumer)).toEqual(consumer);
      }),
    );
  });
});
