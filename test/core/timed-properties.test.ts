import * as fc from 'fast-check';
import { type Condition, isSatisfied, leafNodesOf, leafOf, mapLeaves } from '../../core/condition.ts';
import { accepts } from '../../core/event-filter.ts';
import type { Settle } from '../../core/gate.ts';
import { parseScenarioAsset } from '../../core/scenario-schedule.ts';
import type { Scenario, ScenarioStep } from '../../core/scenario.ts';
import type { Source } from '../../core/source.ts';
import { simulate } from '../../core/simulate.ts';

// What time and filters decide, told naively: millisecond by millisecond, with every event in a list.

const names = ['a', 'b', 'c'] as const;
const nameOf = ({ name }: Source): string => name;

const anyLeaf: fc.Arbitrary<Condition<Source>> = fc
  .record({
    name: fc.constantFrom(...names),
    count: fc.constantFrom(1, 1, 2, 3),
    expireAfterMs: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
    where: fc.option(fc.constantFrom({ 'extra.n': { gt: 1 } }, { 'extra.n': { lte: 1 } }), {
      nil: undefined,
    }),
  })
  .map(({ name, ...terms }) => leafOf<Source>(parseScenarioAsset(name), terms));

const anyCondition: fc.Arbitrary<Condition<Source>> = fc.letrec<{ tree: Condition<Source> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    anyLeaf,
    fc.record({
      kind: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('tree'), { maxLength: 3 }),
    }),
  ),
})).tree;

const anySettle: fc.Arbitrary<Settle | undefined> = fc.option(
  fc
    .record({ quietMs: fc.integer({ min: 1, max: 6 }), more: fc.option(fc.nat(6)) })
    .map(({ quietMs, more }) => ({ quietMs, maxMs: more === null ? null : quietMs + more })),
  { nil: undefined },
);

type Happening =
  | {
      readonly kind: 'batch';
      readonly after: number;
      readonly events: readonly (readonly [string, number])[];
    }
  | { readonly kind: 'advance'; readonly by: number }
  | { readonly kind: 'finishRun' };

const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      after: fc.nat(5),
      events: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(3)), { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 15 }) }),
  fc.constant({ kind: 'finishRun' as const }),
);

function stepsOf(happenings: readonly Happening[]): readonly ScenarioStep[] {
  let now = 0;
  return happenings.map((one): ScenarioStep => {
    if (one.kind === 'finishRun') return { kind: 'finishRun', count: 1 };
    if (one.kind === 'advance') return { kind: 'advance', to: (now += one.by) };
    now += one.after;
    const events = one.events.map(([asset, n]) => ({
      asset,
      via: [],
      partition: null,
      extra: { n },
      at: now,
    }));
    return { kind: 'record', events };
  });
}

interface ModelEvent {
  readonly name: string;
  readonly asset: string;
  readonly n: number;
  readonly at: number;
}

function model({ condition, settle, maxActiveRuns, steps }: Scenario) {
  const leaves = condition === null ? [] : leafNodesOf(condition);
  const counts = new Map<string, number>();
  const runs: (readonly string[])[] = [];
  let queue: readonly ModelEvent[] = [];
  let active = 0;
  /** Everything up to here is known. */
  let at = -1;
  let metSince: number | null = null;

  const facts = ({ n }: ModelEvent) =>
    ({ extra: { n }, partitionKey: null, source: { kind: 'api' } }) as const;
  const isFor = (event: ModelEvent, { asset, where }: (typeof leaves)[number]): boolean =>
    nameOf(asset) === event.asset && (where === undefined || accepts(where, facts(event)));
  const isAlive = (event: ModelEvent, { expireAfterMs = Infinity }: (typeof leaves)[number]): boolean =>
    event.at + expireAfterMs > at;
  const isMet = (): boolean =>
    condition !== null &&
    queue.length > 0 &&
    isSatisfied(
      mapLeaves(condition, (_, leaf) => leaf),
      (leaf) => queue.filter((event) => isFor(event, leaf) && isAlive(event, leaf)).length,
    );
  const look = (now: number): void => {
    queue = queue.filter((event) =>
      leaves.some((leaf) => nameOf(leaf.asset) === event.asset && isAlive(event, leaf)),
    );
    metSince = isMet() ? (metSince ?? now) : null;
  };
  const decide = (now: number): void => {
    look(now);
    if (metSince === null || active >= maxActiveRuns) return;
    if (settle !== undefined) {
      const last = Math.max(...queue.map((event) => event.at));
      const due = Math.min(last + settle.quietMs, metSince + (settle.maxMs ?? Infinity));
      if (at < due) return;
    }
    runs.push(queue.map(({ name }) => name));
    queue = [];
    active += 1;
    look(now);
  };
  const passTo = (time: number): void => {
    for (let next = at + 1; next <= time; next += 1) {
      at = next;
      decide(next);
    }
  };

  for (const step of steps) {
    if (step.kind === 'advance') passTo(step.to);
    else if (step.kind === 'finishRun') {
      active = Math.max(0, active - 1);
      decide(at);
    } else if (step.kind === 'record') {
      const [first] = step.events;
      passTo((first?.at ?? 0) - 1);
      for (const { asset, extra, at: time } of step.events) {
        counts.set(asset, (counts.get(asset) ?? 0) + 1);
        const event = { name: `${asset}#${counts.get(asset)}`, asset, n: Number(extra['n']), at: time };
        if (leaves.some((leaf) => isFor(event, leaf))) queue = [...queue, event];
      }
      decide(first?.at ?? 0);
    }
  }
  return { runs, queued: [...new Set(queue.map(({ asset }) => asset))].toSorted() };
}

describe('a schedule with filters and times', () => {
  it('starts the runs that somebody would start who goes millisecond by millisecond', () => {
    fc.assert(
      fc.property(
        ...([anyCondition, anySettle, fc.integer({ min: 1, max: 2 })] as const),
        fc.array(anyHappening, { maxLength: 14, size: 'max' }),
        (condition, settle, maxActiveRuns, happenings) => {
          const scenario: Scenario = {
            ...{
              condition,
              maxActiveRuns,
              requestedRunsConsume: false,
              whilePaused: 'keep',
              startFrom: 'now',
            },
            ...(settle === undefined ? {} : { settle }),
            steps: stepsOf(happenings),
          };
          const { runs, pending } = simulate(scenario);
          const told = model(scenario);
          expect(runs.map(({ events }) => events)).toEqual(told.runs);
          // A prefix that is too old stays in the count until it is taken, so only whole queues are compared.
          expect(pending.toSorted()).toEqual(told.queued);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
