import { all, any, asset, assetOrTime, cron, on, simulate, type SimulationResult } from '../../sdk/index.ts';

const [a, b] = [asset('s3://lake/a'), asset({ name: 'b', uri: 's3://lake/b' })];

const eventsOf = ({ runs }: SimulationResult) => runs.map(({ events }) => events);

describe('simulate', () => {
  const [ofA, ofB] = ['s3://lake/a#1', 'b#1'];

  it.each([
    ['an asset', a, [[ofA]]],
    ['a condition', all(a, any(b)), [[ofA, ofB]]],
    ['a list', [a, [b]], [[ofA, ofB]]],
    ['a chain', a.and(b), [[ofA, ofB]]],
    ['JSON', { all: ['s3://lake/a', { asset: 'b' }] }, [[ofA, ofB]]],
    ['a list of names', ['s3://lake/a', 'b'], [[ofA, ofB]]],
    ['by assets or by time', assetOrTime(cron('@hourly'), b), [[ofB]]],
    ['by hand', null, []],
    ['by time', cron('@hourly'), []],
  ])('plays a schedule that is %s', (_, schedule, events) => {
    expect(eventsOf(simulate(schedule, [{ batch: [a, { event: b }] }]))).toEqual(events);
  });

  it('takes assets where scenario files have their names', () => {
    const steps = [
      { event: a, extra: { a: 1 }, at: new Date('2026-01-01T06:00:00Z') },
      { clear: a },
      { event: 'b' },
    ] as const;
    expect(simulate([a, b], steps)).toMatchObject({ runs: [], pending: ['b'] });
  });

  it('takes options', () => {
    const steps = [{ event: a }, { register: true }, { event: a }, { event: a }] as const;
    const played = simulate(on(a), steps, { maxActiveRuns: 1, startFrom: 'earliest' });
    expect(eventsOf(played)).toEqual([['s3://lake/a#1', 's3://lake/a#2']]);
    expect(played.pending).toEqual(['s3://lake/a']);
  });

  it('lets runs by time consume, if the schedule says so', () => {
    const schedule = assetOrTime(cron('@hourly'), [a, b], { consume: true });
    expect(simulate(schedule, [{ event: a }, { timeTick: true }])).toMatchObject({
      runs: [{ trigger: 'time', events: ['s3://lake/a#1'] }],
      pending: [],
      otherRuns: 1,
    });
  });

  it('explains with the assets themselves', () => {
    expect(simulate(b, []).explanation.tree).toMatchObject({ asset: { name: 'b', uri: 's3://lake/b' } });
  });

  it.each([
    [
      'a condition that mixes assets and names',
      () => simulate([a, JSON.parse('"b"')], []),
      /holds the text 'b'/,
    ],
    ['no schedule at all', () => simulate(JSON.parse('{}').schedule, []), /^schedule undefined is not valid/],
    ['a step that is an asset', () => simulate(a, [JSON.parse('"a"')]), /^steps\[0\] "a" is not valid/],
    [
      'an option that is not known',
      () => simulate(a, [], { ...JSON.parse('{"slots":1}') }),
      /^slots 1 is not/,
    ],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
