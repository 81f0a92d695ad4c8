import fc from 'fast-check';
import { mostSlots, type PoolPlan } from '../../core/pool.ts';
import { grantNext } from '../../core/pool-grants.ts';
import {
  anyEvents,
  anyPool,
  happen,
  keys,
  type PoolEvent,
  type PoolStory,
  ringOf,
  settle,
  sumOf,
  untouched,
} from './pool-story.ts';

const play = (pool: PoolPlan, events: readonly PoolEvent[]): readonly PoolStory[] => {
  const stories = [untouched];
  for (const event of events) stories.push(happen(pool, stories.at(-1) ?? untouched, event));
  return stories;
};
const last = (stories: readonly PoolStory[]): PoolStory => stories.at(-1) ?? untouched;
/** None asks for more than there is, as a deploy makes sure of. */
const fitting = (pool: PoolPlan, events: readonly PoolEvent[]): readonly PoolEvent[] =>
  events.map((event) =>
    event.kind === 'ask' ? { ...event, slots: Math.min(event.slots, mostSlots(pool)) } : event,
  );
const ask = (key: string, slots = 1): PoolEvent => ({ kind: 'ask', key, slots });
const end = (which = 0): PoolEvent => ({ kind: 'end', which });
const keysOf = ({ history }: PoolStory) => history.map(({ key }) => key).join('');

describe('a pool', () => {
  it('lets keys take turns, whatever waits for each of them', () => {
    const asks = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((key) => ask(key));
    const pool = { name: 'one', slots: 1 };
    const ends = asks.map(() => end());
    expect(keysOf(last(play(pool, [...asks, ...ends])))).toBe('aabcaba');
  });

  it('lets keys take turns also where much is free at once', () => {
    const waiting = ['a', 'a', 'a', 'b', 'c'].map((key, number) => ({ number, key, slots: 1 }));
    const story = settle({ name: 'wide', slots: 4 }, { ...untouched, waiting, ring: ['a', 'b', 'c'] });
    expect(keysOf(story)).toBe('abca');
  });

  it('waits for whoever wants more than is free, and lets nobody pass', () => {
    const pool = { name: 'two', slots: 2 };
    const story = last(play(pool, [ask('a'), ask('a'), ask('b', 2), ask('c'), end()]));
    expect(keysOf(story)).toBe('aa');
    expect(keysOf(last([happen(pool, story, end())]))).toBe('aab');
  });

  it('passes over a key that holds as much as one may, which keeps its turn', () => {
    const pool = { name: 'fair', slots: 3, slotsPerKey: 1 };
    const story = last(play(pool, [ask('a'), ask('a'), ask('b'), ask('c'), ask('b')]));
    expect(keysOf(story)).toBe('abc');
    expect(keysOf(happen(pool, story, end(0)))).toBe('abca');
  });

  it('starts as many as its rate says at once, and the next when the oldest is out of the window', () => {
    const pool = { name: 'rate', rate: { starts: 2, perMs: 100 } };
    const story = last(play(pool, [ask('a'), { kind: 'pass', ms: 30 }, ask('a'), ask('a'), ask('a')]));
    expect(story.history.map(({ at }) => at)).toEqual([0, 30]);
    expect(story.nextAt).toBe(100);
    const next = happen(pool, story, { kind: 'pass', ms: 70 });
    expect(next.history.map(({ at }) => at)).toEqual([0, 30, 100]);
    expect(next.nextAt).toBe(130);
  });

  it('gives one that became smaller than a request whole to it', () => {
    const pool = { name: 'small', slots: 2 };
    const [, waits] = play(pool, [ask('a', 3)]);
    expect(waits?.history).toHaveLength(1);
    const story = last(play(pool, [ask('b'), ask('a', 3)]));
    expect(story.history).toHaveLength(1);
    expect(happen(pool, story, end()).history).toHaveLength(2);
  });
});

describe('any pool', () => {
  const decided = (check: (pool: PoolPlan, stories: readonly PoolStory[]) => void): void => {
    fc.assert(
      fc.property(anyPool(), anyEvents(), (pool, events) => check(pool, play(pool, fitting(pool, events)))),
      { numRuns: 500 },
    );
  };

  it('never has more held than it has slots, nor more of one key than one may', () => {
    decided((pool, stories) => {
      for (const { holding } of stories) {
        expect(sumOf(holding)).toBeLessThanOrEqual(pool.slots ?? Infinity);
        for (const key of keys)
          expect(sumOf(holding.filter((one) => one.key === key))).toBeLessThanOrEqual(
            pool.slotsPerKey ?? Infinity,
          );
      }
    });
  });

  it('has no more starts in any window than its rate says', () => {
    decided(({ rate }, stories) => {
      if (rate === undefined) return;
      const times = last(stories).history.map(({ at }) => at);
      for (const at of times)
        expect(times.filter((other) => other >= at && other < at + rate.perMs).length).toBeLessThanOrEqual(
          rate.starts,
        );
    });
  });

  it('grants nothing twice, and within a key in the order in which was asked', () => {
    decided((_pool, stories) => {
      const { history } = last(stories);
      expect(new Set(history.map(({ number }) => number)).size).toBe(history.length);
      for (const key of keys) {
        const numbers = history.filter((one) => one.key === key).map(({ number }) => number);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      }
    });
  });

  it('grants whatever can be: otherwise each key is full, or the next one does not fit, or the rate says when', () => {
    decided((pool, stories) => {
      for (const story of stories) {
        const open = ringOf(story).filter(
          ({ held, waiting: [first] }) => held + (first?.slots ?? 0) <= (pool.slotsPerKey ?? Infinity),
        );
        const [next] = open;
        if (next === undefined) continue;
        const fits = sumOf(story.holding) + (next.waiting[0]?.slots ?? 0) <= (pool.slots ?? Infinity);
        expect(fits && (story.nextAt ?? 0) <= story.now).toBe(false);
        // And then it does.
        if (!fits || story.nextAt === null) continue;
        const then = settle(pool, { ...story, now: story.nextAt });
        expect(then.history.length).toBeGreaterThan(story.history.length);
      }
    });
  });

  it('starves nobody: each key has at most one turn for each turn of another that waits', () => {
    fc.assert(
      fc.property(anyPool(), anyEvents(), ({ name, slots = 5, rate }, events) => {
        const pool: PoolPlan = { name, slots, ...(rate === undefined ? {} : { rate }) };
        const stories = play(pool, fitting(pool, events));
        const { history } = last(stories);
        for (const story of stories) {
          for (const { number, key } of story.waiting) {
            const before = story.waiting.filter((one) => one.key === key && one.number < number).length;
            const passed = history.slice(story.history.length);
            const until = passed.findIndex((one) => one.number === number);
            const others = (until < 0 ? passed : passed.slice(0, until)).filter((one) => one.key !== key);
            for (const other of keys)
              expect(others.filter((one) => one.key === other).length).toBeLessThanOrEqual(before + 1);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('comes to an end: when all are done, all that asked had their turn', () => {
    decided((pool, stories) => {
      let story = last(stories);
      for (let step = 0; story.waiting.length > 0 && step < 500; step += 1) {
        story =
          story.holding.length > 0
            ? happen(pool, story, end())
            : settle(pool, { ...story, now: Math.max(story.now, story.nextAt ?? 0) });
      }
      expect(story.waiting).toEqual([]);
      expect(story.history).toHaveLength(story.asked);
    });
  });

  it('decides the same step by step as at once, however few requests it is shown at a time', () => {
    fc.assert(
      fc.property(anyPool(), fc.array(fc.constantFrom(...keys), { maxLength: 12 }), (pool, asked) => {
        const waiting = asked.map((key, number) => ({ number, key, slots: 1 }));
        const story = { ...untouched, waiting, ring: [...new Set(asked)] };
        const whole = settle(pool, story);
        let stepwise: PoolStory = story;
        for (let step = 0; step <= asked.length; step += 1) {
          const { now, holding, starts } = stepwise;
          const shown = ringOf(stepwise, 1);
          const { granted } = grantNext(pool, { now, held: sumOf(holding), starts, ring: shown });
          const [first] = granted;
          if (first === undefined) break;
          stepwise = settleOne(pool, stepwise, first.number);
        }
        expect(stepwise.history).toEqual(whole.history);
      }),
    );
  });
});

/** As if only this one had been granted. */
function settleOne(pool: PoolPlan, story: PoolStory, number: number): PoolStory {
  const one = story.waiting.filter((request) => request.number === number);
  const key = one[0]?.key ?? '';
  const waiting = story.waiting.filter((request) => request.number !== number);
  const ring = [...story.ring.filter((other) => other !== key), key];
  return {
    ...story,
    waiting,
    ring: ring.filter((other) => waiting.some((request) => request.key === other)),
    holding: [...story.holding, ...one],
    history: [...story.history, ...one.map((request) => ({ ...request, at: story.now }))],
    starts: pool.rate === undefined ? [] : [...story.starts, story.now],
  };
}
