import * as fc from 'fast-check';
import { parseScenario } from '../../core/parse-scenario.ts';
import { simulate } from '../../core/simulate.ts';
import type { StepJson } from '../../core/scenario.ts';

const play = (steps: readonly StepJson[], options: object = {}) =>
  simulate(parseScenario({ schedule: { time: true, and: ['a', 'b'] }, steps, ...options }));
const eventsOf = (result: ReturnType<typeof play>) => result.runs.map(({ events }) => events);

describe('a schedule by assets and time', () => {
  it('starts nothing by events alone, and says that it waits for the tick', () => {
    const { runs, pending, explanation } = play([{ event: 'a' }, { event: 'b' }, { event: 'b' }]);
    expect([runs, pending]).toEqual([[], ['a', 'b']]);
    expect(explanation.sentence).toBe('All it needs has arrived; a run starts at the next tick.');
  });

  it('runs at a tick where all is there, and consumes it', () => {
    const result = play([{ event: 'a' }, { event: 'b' }, { event: 'a' }, { timeTick: true }]);
    expect(result.runs).toEqual([
      {
        trigger: 'time',
        partition: null,
        events: ['a#1', 'b#1', 'a#2'],
        ticks: ['2026-01-01T00:00:02.000Z'],
      },
    ]);
    expect([result.pending, result.otherRuns]).toEqual([[], 1]);
  });

  it('owes a tick until late data comes', () => {
    const tick = play([{ event: 'a' }, { timeTick: true }]);
    expect(tick.runs).toEqual([]);
    expect(tick.explanation.sentence).toBe(
      'The tick of 2026-01-01T00:00:00.000Z is owed and waits for b; 1 of 2 assets updated.',
    );
    expect(eventsOf(play([{ event: 'a' }, { timeTick: true }, { event: 'b' }]))).toEqual([['a#1', 'b#1']]);
  });

  it('folds missed ticks into one run that lists them', () => {
    const steps = [{ timeTick: true }, { advance: '1h' }, { timeTick: true }, { event: 'a' }] as const;
    expect(play(steps).explanation.sentence).toBe(
      '2 ticks from 2026-01-01T00:00:00.000Z to 2026-01-01T01:00:00.000Z are owed and wait for b; 1 of 2 assets updated.',
    );
    const { runs } = play([...steps, { event: 'b' }, { event: 'a' }, { event: 'b' }]);
    expect(runs).toMatchObject([
      { events: ['a#1', 'b#1'], ticks: ['2026-01-01T00:00:00.000Z', '2026-01-01T01:00:00.000Z'] },
    ]);
  });

  it('lets runs by hand in at once, which consume nothing', () => {
    const { runs, otherRuns, pending } = play([
      { event: 'a' },
      { manualRun: true },
      { event: 'b' },
      { manualRun: true },
    ]);
    expect([runs, otherRuns, pending]).toEqual([[], 2, ['a', 'b']]);
  });

  it('waits for a slot, and takes what came meanwhile', () => {
    const steps = [
      { manualRun: true },
      { timeTick: true },
      { event: 'a' },
      { event: 'b' },
      { event: 'a' },
    ] as const;
    expect(play(steps, { maxActiveRuns: 1 }).runs).toEqual([]);
    expect(eventsOf(play([...steps, { finishRun: 1 }], { maxActiveRuns: 1 }))).toEqual([
      ['a#1', 'b#1', 'a#2'],
    ]);
  });

  it('keeps an owed tick over a pause', () => {
    const result = play([
      { timeTick: true },
      { pause: true },
      { event: 'a' },
      { event: 'b' },
      { unpause: true },
    ]);
    expect(eventsOf(result)).toEqual([['a#1', 'b#1']]);
  });

  it('is refused by partition, and where it waits for nothing', () => {
    expect(() => play([], { partitioned: true })).toThrow(
      /partitioned true is not valid: a tick is of no partition/,
    );
    expect(() => play([], { batch: 'each' })).toThrow(
      /batch "each" is not valid: the run of a tick takes all/,
    );
    const parse = (schedule: object) => () => parseScenario({ schedule, steps: [] });
    expect(parse({ time: '6:00', and: 'a' })).toThrow(/schedule.time "6:00" is not valid: write true/);
    expect(parse({ time: true })).toThrow(/schedule .* is not valid: write \{"time": true, "or"/);
    expect(parse({ time: true, and: 'a', consume: true })).toThrow(/schedule.consume true is not valid/);
    expect(parse({ time: true, or: 'a', consume: 1 })).toThrow(/schedule.consume 1 is not valid/);
  });
});

type Happening = 'a' | 'b' | 'tick' | 'hand' | 'finish' | 'pause' | 'unpause' | 'clear';

const stepOf: Readonly<Record<Happening, StepJson>> = {
  a: { event: 'a' },
  b: { event: 'b' },
  tick: { timeTick: true },
  hand: { manualRun: true },
  finish: { finishRun: 1 },
  pause: { pause: true },
  unpause: { unpause: true },
  clear: { clear: true },
};

/** The same told with lists: what is queued, how many ticks are owed, who has a slot. */
function model(happenings: readonly Happening[], most: number) {
  const runs: { events: readonly string[]; ticks: number }[] = [];
  const counts = { a: 0, b: 0 };
  let queue: readonly string[] = [];
  let [active, owed, requested, isPaused] = [0, 0, 0, false];
  for (const one of happenings) {
    if (one === 'a' || one === 'b') queue = [...queue, `${one}#${(counts[one] += 1)}`];
    if (one === 'tick') owed += 1;
    if (one === 'hand') requested += 1;
    if (one === 'finish') active = Math.max(0, active - 1);
    if (one === 'pause' || one === 'unpause') isPaused = one === 'pause';
    if (one === 'clear') queue = [];
    while (!isPaused && active < most) {
      if (requested > 0) requested -= 1;
      else if (owed > 0 && ['a#', 'b#'].every((name) => queue.some((event) => event.startsWith(name)))) {
        runs.push({ events: queue, ticks: owed });
        [queue, owed] = [[], 0];
      } else break;
      active += 1;
    }
  }
  return { runs, queue, owed };
}

describe('any story of assets and ticks', () => {
  it('comes to what somebody would who keeps lists', () => {
    const anyHappening = fc.constantFrom<Happening>(
      'a',
      'a',
      'b',
      'b',
      'tick',
      'tick',
      'hand',
      'finish',
      'finish',
      'pause',
      'unpause',
      'clear',
    );
    fc.assert(
      fc.property(
        fc.array(anyHappening, { maxLength: 40, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        (happenings, most) => {
          // Each at a time of its own, so that no tick is another one again.
          const steps = happenings.flatMap((one): StepJson[] => [{ advance: '1s' }, stepOf[one]]);
          const { runs, pending } = play(steps, { maxActiveRuns: most });
          const told = model(happenings, most);
          expect(runs.map(({ events, ticks = [] }) => ({ events, ticks: ticks.length }))).toEqual(told.runs);
          expect(pending).toEqual([...new Set(told.queue.map((event) => event.slice(0, 1)))].toSorted());
        },
      ),
      { numRuns: 500 },
    );
  });
});
