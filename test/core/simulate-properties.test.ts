import * as fc from 'fast-check';
import type { LeafId } from '../../core/leaves.ts';
import { mapLeaves } from '../../core/condition.ts';
import type { Taken } from '../../core/gate.ts';
import { parseScenarioAsset } from '../../core/scenario-schedule.ts';
import type { Scenario, ScenarioEvent, ScenarioStep } from '../../core/scenario.ts';
import { simulate } from '../../core/simulate.ts';
import { anyEvents, anyTerms } from './consumer-arbitraries.ts';
import { consume } from './consumer-model.ts';
import type { Control, LogEntry, Terms, TraceStep } from './consumer-story.ts';
import { anyLeaf, leaves } from './arbitraries.ts';

type Happening = LogEntry | Exclude<Control, { kind: 'claim' }>;

function anyHappenings(): fc.Arbitrary<readonly Happening[]> {
  const marks = fc.constantFrom<Happening>(
    ...([{ kind: 'pause' }, { kind: 'resume' }, { kind: 'request' }] as const),
    ...([
      { kind: 'close', nth: 0 },
      { kind: 'clear', leaves: null },
    ] as const),
  );
  const clear = anyLeaf().map((leaf): Happening => ({ kind: 'clear', leaves: [leaf] }));
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: anyEvents() },
      { weight: 3, arbitrary: marks },
      { weight: 1, arbitrary: clear },
    ),
    { maxLength: 30, size: 'max' },
  );
}

/** What nobody waits for, which the model has no name for. */
const others = 'others';

function eventOf(leaf: LeafId | null): ScenarioEvent {
  return { asset: leaf ?? others, via: [], partition: null, extra: {}, at: 0 };
}

function stepOf(happening: Happening): ScenarioStep {
  switch (happening.kind) {
    case 'batch':
      return { kind: 'record', events: happening.leaves.map(eventOf) };
    case 'close':
      return { kind: 'finishRun', count: 1 };
    case 'pause':
      return { kind: 'pause' };
    case 'resume':
      return { kind: 'unpause' };
    case 'request':
      return { kind: 'manualRun' };
    case 'clear':
      return { kind: 'clear', name: happening.leaves?.[0] ?? null };
    default:
      throw new Error(`no step for ${happening.kind}`);
  }
}

function scenarioOf({ condition, ...terms }: Terms, steps: readonly ScenarioStep[]): Scenario {
  return {
    ...{ whilePaused: 'keep', requestedRunsConsume: false, startFrom: 'now', steps, ...terms },
    condition: condition === null ? null : mapLeaves(condition, parseScenarioAsset),
  };
}

/** What the model is told: each step is taken when everything above it is counted. */
function traceOf(happenings: readonly Happening[]): readonly TraceStep[] {
  let head = 0;
  return happenings.flatMap((happening): TraceStep[] => {
    if (happening.kind === 'terms') return [];
    if (happening.kind !== 'batch') return [{ kind: 'head', seq: head }, happening];
    head += happening.leaves.length;
    return [{ kind: 'reached', seq: head }];
  });
}

/** Names of events in the way of the simulator, leaf by leaf. */
function namesOf(happenings: readonly Happening[]) {
  const counts = new Map<string, number>();
  return happenings
    .flatMap((happening) => (happening.kind === 'batch' ? happening.leaves : []))
    .map((leaf, index) => {
      const asset = leaf ?? others;
      counts.set(asset, (counts.get(asset) ?? 0) + 1);
      return { seq: index + 1, leaf, name: `${asset}#${counts.get(asset)}` };
    });
}

const numRuns = 500;

describe('any scenario', () => {
  it('comes out as the model says that goes event by event and keeps lists', () => {
    fc.assert(
      fc.property(anyTerms(), anyHappenings(), (terms, happenings) => {
        const log = happenings.filter((one) => one.kind === 'batch');
        const told = consume(terms, log, traceOf(happenings));
        const played = simulate(scenarioOf(terms, happenings.map(stepOf)));
        const names = namesOf(happenings);
        // A run lists what was counted between its first event and its last: all of it, as the numbers show.
        const listed = (taken: readonly Taken[]) =>
          names
            .filter(({ name }) => played.runs.some(({ events }) => events.includes(name)))
            .filter(({ seq, leaf }) =>
              taken.some((one) => one.leaf === leaf && one.firstSeq <= seq && seq <= one.upTo),
            );

        expect(played.runs.map(({ events }) => events)).toEqual(
          told.runs.map(({ taken }) => listed(taken).map(({ name }) => name)),
        );
        const sizes = told.runs.map(({ taken }) => taken.reduce((sum, { count }) => sum + count, 0));
        expect(played.runs.map(({ events }) => events.length)).toEqual(sizes);
        expect(played.otherRuns).toBe(told.admitted.length);
        expect(played.pending.toSorted()).toEqual(told.queued.map(({ leaf }) => leaf).toSorted());
      }),
      { numRuns },
    );
  });

  it('lists an event in one run at most, and only in the order of arrival', () => {
    fc.assert(
      fc.property(anyTerms(), anyHappenings(), (terms, happenings) => {
        const { runs } = simulate(scenarioOf(terms, happenings.map(stepOf)));
        const order = namesOf(happenings).map(({ name }) => name);
        const consumed = runs.flatMap(({ events }) => events);
        expect(new Set(consumed).size).toBe(consumed.length);
        for (const { events } of runs) {
          expect(events).toEqual(order.filter((name) => events.includes(name)));
        }
      }),
      { numRuns },
    );
  });

  it('comes out the same where everything is through aliases', () => {
    const throughAlias = (step: ScenarioStep): ScenarioStep =>
      step.kind === 'record'
        ? { ...step, events: step.events.map((event) => ({ ...event, via: [event.asset] })) }
        : step;
    fc.assert(
      fc.property(anyTerms(), anyHappenings(), (terms, happenings) => {
        const direct = scenarioOf(terms, happenings.map(stepOf));
        const condition =
          terms.condition === null
            ? null
            : mapLeaves(terms.condition, (name) => ({ kind: 'alias' as const, name }));
        const aliased = { ...direct, condition, steps: direct.steps.map(throughAlias) };
        const { explanation: _, ...outcome } = simulate(aliased);
        expect(simulate(direct)).toMatchObject(outcome);
      }),
    );
  });

  it('never starts at a partition, or before its consumer is there', () => {
    const steps = leaves.map((leaf): ScenarioStep => ({ kind: 'record', events: [eventOf(leaf)] }));
    const keyed = leaves.map((leaf): ScenarioStep => ({
      kind: 'record',
      events: [{ ...eventOf(leaf), partition: 'k' }],
    }));
    fc.assert(
      fc.property(anyTerms(), (terms) => {
        const { runs, pending } = simulate(scenarioOf(terms, [...steps, { kind: 'register' }, ...keyed]));
        expect({ runs, pending }).toEqual({ runs: [], pending: [] });
      }),
    );
  });
});
