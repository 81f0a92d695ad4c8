import { parseScenario } from '../../core/parse-scenario.ts';
import type { ScenarioOptions, ScheduleJson, StepJson } from '../../core/scenario.ts';
import { simulate } from '../../core/simulate.ts';
import type { SimulationResult } from '../../core/simulated-run.ts';

interface Story extends ScenarioOptions {
  readonly schedule: ScheduleJson;
  readonly steps: readonly StepJson[];
}

const play = (story: Story): SimulationResult => simulate(parseScenario(story));

/** The events of each run. */
const runsOf = (story: Story) => play(story).runs.map(({ events }) => events.join(' '));

const e = (event: string, rest: object = {}): StepJson => ({ event, ...rest });
const both: ScheduleJson = ['a', 'b'];
const either: ScheduleJson = { any: ['a', 'b'] };
const pause: StepJson = { pause: true };
const unpause: StepJson = { unpause: true };
const register: StepJson = { register: true };
const keyed = { partition: '2026-01-01' };

type Case = readonly [claim: string, story: Story, runs: readonly string[], pending: readonly string[]];

describe('a simulated consumer', () => {
  it.each<Case>([
    ['waits for one asset', { schedule: 'a', steps: [e('b'), e('a')] }, ['a#1'], []],
    ['waits for all of a list', { schedule: both, steps: [e('a'), e('a'), e('b')] }, ['a#1 a#2 b#1'], []],
    ['waits for all', { schedule: { all: ['a', 'b'] }, steps: [e('b'), e('a'), e('b')] }, ['b#1 a#1'], ['b']],
    ['waits for any', { schedule: either, steps: [e('a'), e('b')] }, ['a#1', 'b#1'], []],
    [
      'waits for some of several',
      { schedule: { atLeast: 2, of: ['a', 'b', 'c'] }, steps: [e('c'), e('c'), e('a'), e('b')] },
      ['c#1 c#2 a#1'],
      ['b'],
    ],
    [
      'waits for several updates of an asset',
      { schedule: { asset: 'a', count: 2 }, steps: [e('a'), e('a'), e('a')] },
      ['a#1 a#2'],
      ['a'],
    ],
    ['starts at no event without a schedule', { schedule: null, steps: [e('a')] }, [], []],
    ['never starts for all of nothing', { schedule: [], steps: [e('a'), pause, unpause] }, [], []],
    [
      'judges a batch once',
      { schedule: either, steps: [{ batch: ['a', 'c', { event: 'b' }, 'a'] }] },
      ['a#1 b#1 a#2'],
      [],
    ],
    [
      'consumes a branch that was not needed',
      { schedule: { any: ['a', { all: ['b', 'c'] }] }, steps: [e('b'), e('a')] },
      ['b#1 a#1'],
      [],
    ],
    [
      'starts at an event through its alias, and at no other',
      { schedule: { alias: 'x' }, steps: [e('a'), e('a', { via: ['y', 'x'] }), e('x')] },
      ['a#2'],
      [],
    ],
    [
      'lists an event once that meets several leaves',
      { schedule: ['a', { alias: 'x' }], steps: [e('a', { via: ['x'] })] },
      ['a#1'],
      [],
    ],
    [
      'tells an asset from the alias of its name, and names both once',
      { schedule: ['a', { alias: 'a' }, 'b'], steps: [e('a', { via: ['a'] }), e('a')] },
      [],
      ['a'],
    ],
    [
      'names what is queued in the order of its schedule',
      { schedule: ['c', { alias: 'x' }, 'a', 'd'], steps: [e('a'), e('b', { via: ['x'] }), e('c')] },
      [],
      ['c', 'x', 'a'],
    ],
    [
      'leaves out events of a partition, and counts them on',
      { schedule: 'a', steps: [e('a', keyed), e('b', { ...keyed, via: ['x'] }), e('a')] },
      ['a#2'],
      [],
    ],
    [
      'holds events while its slots are taken',
      { schedule: 'a', maxActiveRuns: 1, steps: [e('a'), e('a'), e('a'), { finishRun: 1 }, e('a')] },
      ['a#1', 'a#2 a#3'],
      ['a'],
    ],
    [
      'frees as many slots as runs end',
      { schedule: 'a', maxActiveRuns: 2, steps: [e('a'), e('a'), e('a'), { finishRun: 5 }, e('a'), e('a')] },
      ['a#1', 'a#2', 'a#3', 'a#4'],
      ['a'],
    ],
    [
      'has 16 slots',
      { schedule: 'a', steps: Array.from({ length: 17 }, () => e('a')) },
      Array.from({ length: 16 }, (_, at) => `a#${at + 1}`),
      ['a'],
    ],
    [
      'starts one run behind a pause, with what was queued before it',
      { schedule: both, steps: [e('a'), pause, e('b'), e('a'), e('b'), unpause] },
      ['a#1 b#1 a#2 b#2'],
      [],
    ],
    [
      'ignores what comes in a pause, and keeps what was queued before it',
      {
        ...{ schedule: both, whilePaused: 'ignore' },
        steps: [e('a'), pause, e('a'), e('b'), unpause, e('b')],
      },
      ['a#1 b#2'],
      [],
    ],
    [
      'leaves the queue alone at runs by hand and by time',
      { schedule: both, steps: [e('a'), { manualRun: true }, { timeTick: true }, e('b')] },
      ['a#1 b#1'],
      [],
    ],
    [
      'clears one asset',
      { schedule: both, steps: [e('a'), { clear: 'a' }, e('b'), e('a')] },
      ['b#1 a#2'],
      [],
    ],
    [
      'clears an alias',
      { schedule: [{ alias: 'x' }, 'b'], steps: [e('a', { via: ['x'] }), { clear: 'x' }, e('b')] },
      [],
      ['b'],
    ],
    [
      'clears all',
      { schedule: ['a', 'b', 'c'], steps: [e('a'), e('b'), { clear: true }, e('c')] },
      [],
      ['c'],
    ],
    ['has nothing to clear of another asset', { schedule: both, steps: [e('a'), { clear: 'c' }] }, [], ['a']],
    [
      'starts at nothing that is older than itself',
      { schedule: 'a', steps: [e('a'), pause, { clear: true }, register, e('a')] },
      ['a#2'],
      [],
    ],
    [
      'lists what is older in its first run, once',
      {
        schedule: either,
        startFrom: 'earliest',
        steps: [e('a'), e('c'), e('b', keyed), e('b'), register, e('a'), e('a')],
      },
      ['a#1 b#2 a#2', 'a#3'],
      [],
    ],
    [
      'lists what is older from an instant on',
      {
        ...{ schedule: 'a', startFrom: '2026-01-01T00:10:00Z' },
        steps: [
          e('a'),
          { advance: '10m' },
          e('a'),
          e('a', { at: '2026-01-01T12:00:00+01:00' }),
          register,
          e('a'),
        ],
      },
      ['a#2 a#3 a#4'],
      [],
    ],
    [
      'lists nothing older where it starts from now',
      { schedule: 'a', startFrom: 'now', steps: [e('a'), register, e('a')] },
      ['a#2'],
      [],
    ],
    [
      'keeps what is older while a run by hand comes first',
      { schedule: 'a', startFrom: 'earliest', steps: [e('a'), register, { manualRun: true }, e('a')] },
      ['a#1 a#2'],
      [],
    ],
  ])('%s', (_, story, runs, pending) => {
    expect(runsOf(story)).toEqual(runs);
    expect(play(story).pending).toEqual(pending);
  });

  it('says of each run what started it', () => {
    expect(play({ schedule: 'a', steps: [e('a')] }).runs).toEqual([
      { trigger: 'assets', partition: null, events: ['a#1'] },
    ]);
  });

  it.each<readonly [string, readonly StepJson[], number, readonly string[]]>([
    ['has a slot', [{ manualRun: true }], 1, []],
    ['takes the slot of the next run', [{ timeTick: true }, e('a')], 1, []],
    ['waits for a slot', [e('a'), { manualRun: true }], 0, ['a#1']],
    ['goes before what is queued', [e('a'), e('a'), { manualRun: true }, { finishRun: 1 }], 1, ['a#1']],
    ['waits for the end of a pause', [{ pause: true }, { timeTick: true }], 0, []],
    ['starts at the end of a pause', [{ pause: true }, { timeTick: true }, { unpause: true }], 1, []],
    ['is not started before there is a consumer', [{ manualRun: true }, { register: true }], 0, []],
  ])('counts a run by hand or by time that %s', (_, steps, otherRuns, runs) => {
    const story: Story = { schedule: 'a', maxActiveRuns: 1, steps };
    expect(play(story).otherRuns).toBe(otherRuns);
    expect(runsOf(story)).toEqual(runs);
  });

  it('gives what is queued to runs by hand and by time, if they consume', () => {
    const steps = [
      e('a'),
      e('a'),
      { register: true as const },
      e('a'),
      { timeTick: true as const },
      { manualRun: true as const },
    ];
    const scenario = parseScenario({ schedule: both, startFrom: 'earliest', steps });
    const { runs, otherRuns, pending } = simulate({ ...scenario, requestedRunsConsume: true });
    expect(runs).toEqual([{ trigger: 'time', partition: null, events: ['a#1', 'a#2', 'a#3'] }]);
    expect({ otherRuns, pending }).toEqual({ otherRuns: 2, pending: [] });
  });

  it('explains what it waits for', () => {
    const { explanation } = play({ schedule: ['a', { alias: 'x' }], steps: [e('a')] });
    const queued = { count: 1, firstSeq: 1, lastSeq: 1 };
    expect(explanation).toMatchObject({
      sentence: 'Waits for alias x; 1 of 2 assets updated.',
      met: false,
      tree: {
        kind: 'all',
        of: [
          { asset: { name: 'a' }, met: true, queued },
          { met: false, queued: null },
        ],
      },
    });
    expect(play({ schedule: null, steps: [] }).explanation).toEqual({
      sentence: 'Waits for no asset: it runs by time or by hand.',
      ...{ met: false, tree: null },
    });
  });

  it('records events a second apart, a batch at once, and goes on from where the clock was put', () => {
    const start = Date.UTC(2026, 0, 1);
    const times = (...steps: readonly StepJson[]) => {
      const { tree } = play({ schedule: ['a', 'never'], steps }).explanation;
      const [leaf] = tree?.kind === 'all' ? tree.of : [];
      return leaf?.kind === 'asset' && leaf.queued
        ? [leaf.queued.firstAt - start, leaf.queued.lastAt - start]
        : [];
    };
    expect(times(e('b'), e('a'), e('a'))).toEqual([1_000, 2_000]);
    expect(times(e('b'), { batch: ['a', 'c', 'a'] })).toEqual([1_000, 1_000]);
    expect(times(e('a'), { advance: '10m' }, e('a'))).toEqual([0, 600_000]);
    expect(times(e('a'), e('a', { at: '2026-01-01T00:00:00Z' }))).toEqual([0, 0]);
    expect(times(e('b', { at: '2026-01-01T01:00:00Z' }), e('a'))).toEqual([3_601_000, 3_601_000]);
  });
});
