import { TidegateError } from '../../core/errors.ts';
import { parseScenario } from '../../core/parse-scenario.ts';

function refusalOf(value: unknown, path?: string): string {
  try {
    parseScenario(value, path);
  } catch (error) {
    if (error instanceof TidegateError) return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

const withSchedule = (schedule: unknown) => refusalOf({ schedule, steps: [] });
const withStep = (...steps: readonly unknown[]) => refusalOf({ schedule: 'a', steps });
const withOption = (options: object) => refusalOf({ schedule: 'a', steps: [], ...options });

/** Nested so many times. */
const deep = (levels: number): unknown =>
  Array.from({ length: levels }).reduce<unknown>((inner) => ({ any: [inner] }), 'a');

describe('a scenario', () => {
  it('has its options by default', () => {
    expect(parseScenario({ schedule: null, steps: [] })).toEqual({
      ...{ condition: null, requestedRunsConsume: false, steps: [] },
      ...{ maxActiveRuns: 16, whilePaused: 'keep', startFrom: 'now' },
    });
  });

  it.each([
    [null, 'the scenario null is not valid: write an object with "schedule" and "steps"'],
    [[], 'the scenario [] is not valid: write an object with "schedule" and "steps"'],
    [{ steps: [] }, 'the scenario {"steps":[]} is not valid: write an object with "schedule" and "steps"'],
    [
      { schedule: 'a', steps: {} },
      'steps {} is not valid: write a list of steps, such as [{"event": "orders"}]',
    ],
    [
      { schedule: 'a', steps: [], maxRuns: 1 },
      'maxRuns 1 is not valid: nothing of this name is known here, but schedule, steps, maxActiveRuns, whilePaused, startFrom, within, settle, partitioned, partitions, batch and deadline',
    ],
  ])('is not %j', (value, message) => {
    expect(refusalOf(value)).toBe(message);
  });

  it('says in which of several something is wrong', () => {
    expect(refusalOf({ schedule: 'a', steps: [{ finishRun: 0 }] }, '[2]')).toBe(
      '[2].steps[0].finishRun 0 is not valid: write a whole number from 1 on',
    );
    expect(refusalOf({ schedule: 'a', steps: [], maxActiveRuns: 0 }, '[2]')).toMatch(
      /^\[2\]\.maxActiveRuns 0 is/,
    );
  });

  it.each([
    [{ maxActiveRuns: 1_001 }, 'maxActiveRuns 1001 is not valid: use a whole number from 1 to 1000'],
    [{ maxActiveRuns: '2' }, 'maxActiveRuns "2" is not valid: use a whole number from 1 to 1000'],
    [{ whilePaused: 'drop' }, `whilePaused "drop" is not valid: use 'keep' or 'ignore'`],
    [{ startFrom: 'yesterday' }, /^startFrom "yesterday" is not valid: write '2024-01-01' \(UTC\) or/],
    [
      { partitioned: 1 },
      'partitioned 1 is not valid: write false, true, or {"default": mapper, "assets": {"name": mapper}}',
    ],
    [
      { batch: { max: 0 } },
      "batch {\"max\":0} is not valid: write 'all', 'each', or {max: n} with a whole number from 1 to 10000",
    ],
    [
      { partitioned: true, startFrom: 'earliest' },
      'startFrom "earliest" is not valid: where runs are by partition, a key begins with what comes: leave it out',
    ],
    [
      { batch: 'each', within: '1h' },
      'batch "each" is not valid: it does not go together with within, expireAfter and partitioned: leave it out',
    ],
  ])('has no option %j', (options, message) => {
    expect(withOption(options)).toMatch(message);
  });
});

describe('the schedule of a scenario', () => {
  it.each([
    [5, /^schedule 5 is not valid: write an asset's name, a list of them, {"asset": …}, /],
    ['', 'schedule "" is not valid: write the name of an asset, such as "orders"'],
    [{}, /^schedule {} is not valid: write an asset's name/],
    [['a', null], /^schedule\[1\] null is not valid: write an asset's name/],
    [{ asset: 1 }, 'schedule.asset 1 is not valid: write the name of an asset'],
    [{ alias: ' ' }, 'schedule.alias " " is not valid: write the name of an alias'],
    [{ asset: 'a', count: 0 }, 'schedule.count 0 is not valid: write a whole number from 1 to 1000000'],
    [
      { asset: 'a', times: 2 },
      'schedule.times 2 is not valid: nothing of this name is known here, but asset, count, where and expireAfter',
    ],
    [{ all: 'a' }, 'schedule.all "a" is not valid: write a list of conditions'],
    [
      { all: ['a'], any: ['b'] },
      'schedule.any ["b"] is not valid: nothing of this name is known here, but all',
    ],
    [{ any: [{ all: ['a', true] }] }, /^schedule\.any\[0\]\.all\[1\] true is not valid/],
    [{ atLeast: 3, of: ['a', 'b'] }, 'schedule.atLeast 3 is not valid: write a whole number from 1 to 2'],
    [{ atLeast: 1, of: [] }, 'schedule.of [] is not valid: write at least one condition'],
    [{ atLeast: 1 }, 'schedule.of undefined is not valid: write a list of conditions'],
    [deep(100), /is nested more than 100 levels deep: write it flatter$/],
    [Array.from({ length: 2_001 }, () => 'a'), /it has 2001 assets, 2000 are allowed: split the DAG$/],
  ])('is not %j', (schedule, message) => {
    expect(withSchedule(schedule)).toMatch(message);
  });

  it('may be as deep as a condition may be', () => {
    expect(withSchedule(deep(99))).toBe('nothing is wrong');
  });
});

describe('a step of a scenario', () => {
  const kinds =
    'event, batch, finishRun, pause, unpause, manualRun, timeTick, deadline, register, clear and advance';

  it.each([
    ['event', `steps[0] "event" is not valid: write an object with one of ${kinds}`],
    [{}, `steps[0] {} is not valid: write an object with one of ${kinds}`],
    [{ evnet: 'a' }, `steps[0] {"evnet":"a"} is not valid: write an object with one of ${kinds}`],
    [
      { event: 'a', pause: true },
      'steps[0] {"event":"a","pause":true} is not valid: write an object with one of',
    ],
    [{ pause: false }, 'steps[0].pause false is not valid: write true'],
    [{ pause: true, at: 1 }, 'steps[0].at 1 is not valid: nothing of this name is known here, but pause'],
    [{ event: ['a'] }, 'steps[0].event ["a"] is not valid: write the name of an asset'],
    [
      { event: 'a', extras: {} },
      'steps[0].extras {} is not valid: nothing of this name is known here, but event, via,',
    ],
    [{ event: 'a', via: 'x' }, 'steps[0].via "x" is not valid: write a list of the names of aliases'],
    [{ event: 'a', via: ['x', 1] }, 'steps[0].via[1] 1 is not valid: write the name of an alias'],
    [{ event: 'a', partition: 1 }, 'steps[0].partition 1 is not valid: write text of at most 250 characters'],
    [{ event: 'a', extra: [] }, 'steps[0].extra [] is not valid: write a JSON object'],
    [{ event: 'a', at: 'noon' }, `steps[0].at "noon" is not valid: write '2024-01-01' (UTC) or`],
    [{ batch: 'a' }, 'steps[0].batch "a" is not valid: write a list of events'],
    [{ batch: [] }, 'steps[0].batch [] is not valid: it has 0 events: write 1 to 10000'],
    [{ batch: ['a', {}] }, 'steps[0].batch[1].event undefined is not valid: write the name of an asset'],
    [{ batch: ['a', { pause: true }] }, 'steps[0].batch[1].pause true is not valid: nothing of this name'],
    [{ finishRun: 1.5 }, 'steps[0].finishRun 1.5 is not valid: write a whole number from 1 on'],
    [
      { clear: false },
      'steps[0].clear false is not valid: write the name of an asset or of an alias, or true',
    ],
    [
      { advance: '10 q' },
      'steps[0].advance: duration "10 q" is not valid: write a positive number and a unit',
    ],
    [{ advance: null }, `steps[0].advance null is not valid: write a duration, such as '10m'`],
  ])('is not %j', (step, message) => {
    expect(withStep(step).slice(0, message.length)).toBe(message);
  });

  it('records no extra that could not be recorded', () => {
    expect(withStep({ event: 'a', extra: { text: 'x'.repeat(70_000) } })).toMatch(
      /^steps\[0\]\.extra: extra of a is \d+ bytes as JSON, 65536 are allowed/,
    );
  });

  it('never goes back in time', () => {
    expect(withStep({ event: 'a' }, { advance: '1h' }, { event: 'a', at: '2026-01-01T00:30:00Z' })).toBe(
      'steps[2].at "2026-01-01T00:30:00Z" is not valid: it is before 2026-01-01T01:00:00.000Z, which the steps above reach: time never goes back',
    );
    expect(withStep({ event: 'a', at: '2025-12-31' })).toMatch(
      /^steps\[0\]\.at "2025-12-31" is not valid: it is before/,
    );
    expect(
      withStep({
        batch: [
          { event: 'a', at: '2026-01-02' },
          { event: 'b', at: '2026-01-01' },
        ],
      }),
    ).toMatch(/^steps\[0\]\.batch\[1\]\.at "2026-01-01" is not valid: it is before/);
  });

  it('never goes on for ever', () => {
    const centuries = Array.from({ length: 90 }, () => ({ advance: `${100 * 365}d` }));
    expect(withStep(...centuries)).toMatch(/the clock would pass the year 9999: advance it less$/);
  });

  it('brings a consumer into being once', () => {
    expect(withStep({ register: true }, { event: 'a' }, { register: true })).toBe(
      'steps[2] {"register":true} is not valid: a consumer comes into being once: remove it',
    );
  });
});
