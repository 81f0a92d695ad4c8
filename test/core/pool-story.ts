import fc from 'fast-check';
import type { PoolPlan } from '../../core/pool.ts';
import { grantNext, type KeyLine } from '../../core/pool-grants.ts';

/** What happens to a pool: somebody asks, somebody who holds is done, or time passes. */
export type PoolEvent =
  | { readonly kind: 'ask'; readonly key: string; readonly slots: number }
  | { readonly kind: 'end'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number };

export interface Held {
  readonly number: number;
  readonly key: string;
  readonly slots: number;
}

/** A pool with everybody who asked, as a store keeps it. */
export interface PoolStory {
  readonly now: number;
  readonly waiting: readonly Held[];
  readonly holding: readonly Held[];
  /** Keys that something waits for, in their order. */
  readonly ring: readonly string[];
  readonly starts: readonly number[];
  readonly asked: number;
  /** Everybody who was ever granted, in that order, and when. */
  readonly history: readonly (Held & { readonly at: number })[];
  readonly nextAt: number | null;
}

export const untouched: PoolStory = {
  ...{ now: 0, waiting: [], holding: [], ring: [], starts: [], asked: 0, history: [], nextAt: null },
};

/** The ring as it is decided about; each line shows up to `shown` requests. */
export function ringOf({ ring, waiting, holding }: PoolStory, shown = Infinity): readonly KeyLine[] {
  return ring.map((key) => ({
    key,
    held: sumOf(holding.filter((one) => one.key === key)),
    waiting: waiting
      .filter((one) => one.key === key)
      .slice(0, shown)
      .map(({ number, slots }) => ({ number, slots })),
  }));
}

export function sumOf(held: readonly Held[]): number {
  return held.reduce((sum, { slots }) => sum + slots, 0);
}

/** Lets one thing happen, and gives what is free then. */
export function happen(pool: PoolPlan, story: PoolStory, event: PoolEvent): PoolStory {
  return settle(pool, apply(story, event));
}

function apply(story: PoolStory, event: PoolEvent): PoolStory {
  switch (event.kind) {
    case 'ask': {
      const { key, slots } = event;
      const request = { number: story.asked, key, slots };
      const ring = story.ring.includes(key) ? story.ring : [...story.ring, key];
      return { ...story, asked: story.asked + 1, waiting: [...story.waiting, request], ring };
    }
    case 'end': {
      const done = story.holding[event.which % Math.max(1, story.holding.length)];
      return { ...story, holding: story.holding.filter((one) => one !== done) };
    }
    default:
      return { ...story, now: story.now + event.ms };
  }
}

export function settle(pool: PoolPlan, story: PoolStory): PoolStory {
  const { now, holding, starts } = story;
  const next = grantNext(pool, { now, held: sumOf(holding), starts, ring: ringOf(story) });
  const numbers = next.granted.map(({ number }) => number);
  const granted = numbers.flatMap((number) => story.waiting.filter((one) => one.number === number));
  const waiting = story.waiting.filter(({ number }) => !numbers.includes(number));
  const served = [...new Set(granted.map(({ key }) => key).toReversed())].toReversed();
  const ring = [...story.ring.filter((key) => !served.includes(key)), ...served];
  return {
    ...story,
    waiting,
    holding: [...holding, ...granted],
    ring: ring.filter((key) => waiting.some((one) => one.key === key)),
    starts: next.starts,
    history: [...story.history, ...granted.map((one) => ({ ...one, at: now }))],
    nextAt: next.nextAt,
  };
}

export const keys = ['a', 'b', 'c'] as const;

export const anyPool = (): fc.Arbitrary<PoolPlan> =>
  fc
    .record(
      {
        slots: fc.integer({ min: 1, max: 5 }),
        slotsPerKey: fc.integer({ min: 1, max: 3 }),
        rate: fc.record({ starts: fc.integer({ min: 1, max: 4 }), perMs: fc.integer({ min: 1, max: 50 }) }),
      },
      { requiredKeys: [] },
    )
    .map((limits) => ({ name: 'pool', ...limits }));

export const anyEvents = (most = 3): fc.Arbitrary<readonly PoolEvent[]> =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: anyAsk(most) },
      {
        weight: 3,
        arbitrary: fc.nat(10).map((which): PoolEvent => ({ kind: 'end', which })),
      },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 1, max: 40 }).map((ms): PoolEvent => ({ kind: 'pass', ms })),
      },
    ),
    { maxLength: 60 },
  );

function anyAsk(most: number): fc.Arbitrary<PoolEvent> {
  return fc
    .record({ key: fc.constantFrom(...keys), slots: fc.integer({ min: 1, max: most }) })
    .map((ask): PoolEvent => ({ kind: 'ask', ...ask }));
}
