import { setTimeout as delay } from 'node:timers/promises';
import { parseDagId } from '../../core/ids.ts';
import { cron, dag, type DagDefinition, type DagOptions, every } from '../../sdk/index.ts';
import { findDag } from '../../store/dag-queries.ts';
import { setPaused } from '../../temporal/control.ts';
import { lastTimes, nextTimes } from '../../temporal/schedule-times.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const hour = 3_600_000;
const hourly = (id: string, options: DagOptions<undefined>): DagDefinition =>
  dag(id, { schedule: every('1h'), ...options }, (d) => void d.task('work', async () => undefined));
const longAgo = '2020-01-01';
const dags = [
  hourly('three', { startDate: longAgo, catchup: { max: 3 } }),
  hourly('latest', { startDate: longAgo, catchup: 'latest' }),
  hourly('none', { startDate: longAgo }),
  hourly('over', { startDate: longAgo, endDate: '2020-01-01T02:30:00Z', catchup: { max: 1_000 } }),
  hourly('leap', {
    schedule: cron('0 0 29 2 *', { timezone: 'Europe/Berlin' }),
    startDate: longAgo,
    catchup: 'latest',
  }),
  dag(
    'far',
    { schedule: every('1s'), startDate: '2029-01-01', endDate: '2029-03-01', catchup: { max: 1_000 } },
    (d) => void d.task('work', async () => undefined),
  ),
  dag('seconds', { schedule: every('1s'), catchup: { max: 1_000 }, maxActiveRuns: 100 }, (d) => {
    d.task('work', async () => undefined);
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const ticksOf = async (dagId: string) =>
  (await tidegate.runsOf(dagId)).map((run) => ({
    at: run.logical_at?.getTime() ?? 0,
    interval: (run.data_interval_end_at?.getTime() ?? 0) - (run.data_interval_start_at?.getTime() ?? 0),
  }));

describe('times of a schedule that passed before it was deployed', () => {
  it('are made up for as the DAG says, each with the time since the one before', async () => {
    const last = Math.floor(Date.now() / hour) * hour;
    const three = (await tidegate.runsClosed('three', 3)).slice(0, 3);
    expect(three.map(({ trigger, state }) => [trigger, state])).toEqual(
      Array(3).fill(['scheduled', 'success']),
    );
    const ticks = await ticksOf('three');
    // The hour may have ended meanwhile.
    expect([last, last + hour]).toContain(ticks.at(-1)?.at);
    expect(ticks.map(({ interval }) => interval)).toEqual(ticks.map(() => hour));
    expect(new Set(ticks.slice(1).map(({ at }, nth) => at - (ticks[nth]?.at ?? 0)))).toEqual(new Set([hour]));
    expect(await tidegate.runsClosed('latest', 1)).toHaveLength(1);
    expect(await tidegate.runsOf('none')).toEqual([]);
  });

  it('end with the end date, and begin with the start date', async () => {
    await tidegate.runsClosed('over', 3);
    expect(await ticksOf('over')).toEqual([
      // Nothing is before the first.
      { at: Date.parse('2020-01-01T00:00:00Z'), interval: 0 },
      { at: Date.parse('2020-01-01T01:00:00Z'), interval: hour },
      { at: Date.parse('2020-01-01T02:00:00Z'), interval: hour },
    ]);
  });

  it('are found however rare they are', async () => {
    await tidegate.runsClosed('leap', 1);
    const [at] = (await ticksOf('leap')).map((tick) => tick.at);
    expect(new Date(at ?? 0).toISOString()).toMatch(/^20(?:24|28|32)-02-28T23:00:00/);
  });

  it('are found at once, however dense the schedule is and however far away', async () => {
    const far = parseDagId('far');
    const { temporal } = tidegate.deps;
    expect(await nextTimes(temporal, far, { after: Date.UTC(2026, 0, 1), most: 2 })).toEqual([
      Date.UTC(2029, 0, 1),
      Date.UTC(2029, 0, 1, 0, 0, 1),
    ]);
    const last = await lastTimes(temporal, far, { after: 0, upTo: Date.UTC(2031, 0, 1), most: 1_000 });
    const end = Date.UTC(2029, 2, 1);
    expect([last.length, last[0], last.at(-1)]).toEqual([1_000, end - 999_000, end]);
    expect(await tidegate.runsOf('far')).toEqual([]);
  });

  it('are those of the schedule that the DAG had', async () => {
    const before = hourly('other', { startDate: longAgo });
    const schedule = every('1h', { offset: '5m' });
    await tidegate.deploy([...dags, before]);
    await tidegate.deploy([...dags, hourly('other', { startDate: longAgo, schedule, catchup: { max: 9 } })]);
    await delay(500);
    expect((await tidegate.runsOf('other')).length).toBeLessThanOrEqual(1);
    await tidegate.deploy(dags);
  });

  it('are made up for once', async () => {
    await tidegate.deploy(
      dags.map((one) => (one.id === 'three' ? hourly('three', { catchup: { max: 50 } }) : one)),
    );
    await delay(500);
    expect((await tidegate.runsOf('three')).length).toBeLessThanOrEqual(4);
  });
});

describe('times of a schedule that passed while its DAG was paused', () => {
  it('get their runs when it is resumed, and none is made twice', async () => {
    const dagId = parseDagId('seconds');
    await tidegate.runsClosed('seconds', 2);
    await setPaused(tidegate.deps, dagId, true);
    const pausedAt = Date.now();
    await delay(3_500);
    const before = (await tidegate.runsOf('seconds')).length;
    for (const { at } of await ticksOf('seconds')) expect(at).toBeLessThanOrEqual(pausedAt);
    await setPaused(tidegate.deps, dagId, false);
    await tidegate.runsClosed('seconds', before + 3);
    const times = (await ticksOf('seconds')).map(({ at }) => at).toSorted((a, b) => a - b);
    expect(new Set(times.slice(1).map((at, nth) => at - (times[nth] ?? 0)))).toEqual(new Set([1_000]));
  });
});

describe('the next time of a schedule', () => {
  it('is what Temporal says', async () => {
    const next = await nextTimes(tidegate.deps.temporal, parseDagId('leap'), {
      after: Date.UTC(2026, 0, 1),
      most: 2,
    });
    expect(next.map((at) => new Date(at).toISOString())).toEqual([
      '2028-02-28T23:00:00.000Z',
      '2032-02-28T23:00:00.000Z',
    ]);
    expect(
      await nextTimes(tidegate.deps.temporal, parseDagId('over'), { after: Date.now(), most: 1 }),
    ).toEqual([]);
    const known = await eventually(
      async () => (await findDag(tidegate.deps.db, parseDagId('none')))?.next_time_at,
    );
    // The hour may have ended meanwhile.
    const nextHour = Math.ceil(Date.now() / hour) * hour;
    expect([nextHour, nextHour - hour]).toContain(known?.getTime());
  });
});
