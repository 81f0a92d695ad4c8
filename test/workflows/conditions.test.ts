import {
  all,
  asset,
  assetOrTime,
  atLeast,
  dag,
  type DagDefinition,
  type DagOptions,
  on,
} from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { passTick } from '../../temporal/request-run.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const clicks = asset('s3://conditions/clicks');
const [eu, us, asia] = [asset('s3://sales/eu'), asset('s3://sales/us'), asset('s3://sales/asia')];

/** Its one task returns how many events of each asset its run consumed. */
const counting = (
  id: string,
  options: Pick<DagOptions, 'schedule' | 'whilePaused' | 'startFrom'>,
): DagDefinition =>
  dag(id, options, (d) => {
    d.task('count', async ({ events }) => {
      const counts: Record<string, number> = {};
      for await (const { asset: of } of events.all()) counts[of.name] = (counts[of.name] ?? 0) + 1;
      return counts;
    });
  });
const feed = asset('s3://pauses/feed');
const other = asset('s3://pauses/other');
const old = asset('s3://history/old');
const project = (every: number): readonly DagDefinition[] => [
  counting('every_third', { schedule: on(clicks, { count: every }) }),
  counting('quorum', { schedule: atLeast(2, eu, us, asia) }),
  counting('ignoring', { schedule: [feed, other], whilePaused: 'ignore' }),
  // Nobody waits for it yet.
  dag('known', {}, (d) => void d.task('work', { inlets: [old] }, async () => undefined)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project(3));
});
afterAll(() => tidegate.stop());

describe('a consumer that takes several updates of an asset', () => {
  it('starts behind the last of them, with all of them', async () => {
    await tidegate.post(clicks.uri);
    await tidegate.post(clicks.uri);
    await eventually(async () => (await tidegate.gate('every_third')).gate.queued);
    expect(await tidegate.runsOf('every_third')).toEqual([]);
    // One batch is judged once, however far beyond it goes.
    await tidegate.post(clicks.uri, clicks.uri);
    expect(await tidegate.resultsOf('every_third', 1)).toEqual([{ [clicks.name]: 4 }]);
    for (let update = 0; update < 3; update++) await tidegate.post(clicks.uri);
    expect(await tidegate.resultsOf('every_third', 2)).toContainEqual({ [clicks.name]: 3 });
  });

  it('starts with what is queued when an edit asks for fewer', async () => {
    await tidegate.post(clicks.uri, clicks.uri);
    await tidegate.deploy(project(2));
    expect(await tidegate.resultsOf('every_third', 3)).toContainEqual({ [clicks.name]: 2 });
  });
});

describe('a consumer that waits for some of several assets', () => {
  it('starts when so many were updated, whichever they are', async () => {
    await tidegate.post(us.uri);
    await tidegate.post(us.uri);
    await tidegate.post(asia.uri);
    expect(await tidegate.resultsOf('quorum', 1)).toEqual([{ [us.name]: 2, [asia.name]: 1 }]);
    await tidegate.post(eu.uri, asia.uri);
    expect(await tidegate.resultsOf('quorum', 2)).toContainEqual({ [eu.name]: 1, [asia.name]: 1 });
  });
});

describe('a consumer that ignores what comes while it is paused', () => {
  it('keeps what was queued before, and says of each ignored event that it is', async () => {
    const dagId = parseDagId('ignoring');
    await tidegate.post(feed.uri);
    await eventually(async () => Object.keys((await tidegate.gate('ignoring')).gate.queued).length === 1);
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.post(feed.uri, other.uri);
    await tidegate.post(feed.uri);
    // Whoever begins anew knows where the pause began.
    await tidegate.consumer('ignoring').terminate();
    await setPaused(tidegate.deps, dagId, false);
    await tidegate.post(other.uri);
    expect(await tidegate.resultsOf('ignoring', 1)).toEqual([{ [feed.name]: 1, [other.name]: 1 }]);
    const rows = await tidegate.deps.db
      .selectFrom('consumption')
      .select(['outcome', 'count', 'after_seq', 'upto_seq'])
      .where('dag_id', '=', dagId)
      .orderBy('subscription_id')
      .orderBy('after_seq')
      .execute();
    expect(rows.map(({ outcome, count }) => [outcome, count])).toEqual([
      ['consumed', 1],
      ['ignored', 2],
      ['ignored', 1],
      ['consumed', 1],
    ]);
  });
});

describe('a new consumer that begins earlier than now', () => {
  it('is started by nothing that is older than it, and lists that with its first run', async () => {
    for (let event = 0; event < 3; event++) await tidegate.post(old.uri);
    await tidegate.deploy([
      ...project(2),
      counting('from_earliest', { schedule: old, startFrom: 'earliest' }),
    ]);
    await tidegate.gate('from_earliest');
    await tidegate.deps.dispatcher.idle();
    expect(await tidegate.runsOf('from_earliest')).toEqual([]);
    await tidegate.post(old.uri);
    expect(await tidegate.resultsOf('from_earliest', 1)).toEqual([{ [old.name]: 4 }]);
    await tidegate.post(old.uri);
    expect(await tidegate.resultsOf('from_earliest', 2)).toContainEqual({ [old.name]: 1 });
  });

  it('lists what is older of every asset it waits for, also of one that brought nothing', async () => {
    const [first, second] = [asset('s3://history/first'), asset('s3://history/second')];
    const known = dag(
      'knows',
      {},
      (d) => void d.task('work', { inlets: [first, second] }, async () => undefined),
    );
    await tidegate.deploy([...project(2), known]);
    await tidegate.post(first.uri, second.uri, second.uri);
    const either = counting('either', { schedule: first.or(second), startFrom: 'earliest' });
    await tidegate.deploy([...project(2), known, either]);
    await tidegate.post(first.uri);
    expect(await tidegate.resultsOf('either', 1)).toEqual([{ [first.name]: 2, [second.name]: 2 }]);
    await tidegate.post(second.uri);
    expect(await tidegate.resultsOf('either', 2)).toContainEqual({ [second.name]: 1 });
  });

  it('lists what is older whatever was cleared before, and only what its filter lets through', async () => {
    const [first, second] = [asset('s3://history/cleared'), asset('s3://history/filtered')];
    const known = dag(
      'knows',
      {},
      (d) => void d.task('work', { inlets: [first, second] }, async () => undefined),
    );
    await tidegate.deploy([...project(2), known]);
    await tidegate.post(first.uri, second.uri);
    await tidegate.postWith(second.uri, { extra: { rows: 20 } });
    const both = counting('both', {
      schedule: all(first, on(second, { where: { 'extra.rows': { gte: 10 } } })),
      startFrom: 'earliest',
    });
    await tidegate.deploy([...project(2), known, both]);
    await tidegate.post(first.uri);
    await eventually(async () => Object.keys((await tidegate.gate('both')).gate.queued).length > 0);
    expect(await clearQueue(tidegate.deps, parseDagId('both'), { who: 'me' })).toEqual({ cleared: 1 });
    await tidegate.post(first.uri);
    await tidegate.postWith(second.uri, { extra: { rows: 30 } });
    expect(await tidegate.resultsOf('both', 1)).toEqual([{ [first.name]: 2, [second.name]: 2 }]);
  });
});

describe('a consumer that runs by assets or by time', () => {
  it('leaves the queue alone with runs by time and by hand, unless it is to consume', async () => {
    const [one, two] = [asset('s3://either/one'), asset('s3://either/two')];
    const never = { cron: '0 0 1 1 *' };
    await tidegate.deploy([
      ...project(2),
      counting('apart', { schedule: assetOrTime(never, [one, two]) }),
      counting('together', { schedule: assetOrTime(never, [one, two], { consume: true }) }),
    ]);
    await tidegate.post(one.uri);
    for (const dagId of ['apart', 'together']) {
      await eventually(async () => Object.keys((await tidegate.gate(dagId)).gate.queued).length === 1);
      await passTick(tidegate.deps, parseDagId(dagId), Date.UTC(2026, 0, 1));
    }
    expect(await tidegate.resultsOf('apart', 1)).toEqual([{}]);
    expect(await tidegate.resultsOf('together', 1)).toEqual([{ [one.name]: 1 }]);
    await tidegate.trigger('together');
    expect(await tidegate.resultsOf('together', 2)).toContainEqual({});
    await tidegate.post(two.uri);
    expect(await tidegate.resultsOf('apart', 2)).toContainEqual({ [one.name]: 1, [two.name]: 1 });
    expect((await tidegate.gate('together')).gate.queued).not.toEqual({});
    expect(await tidegate.runsOf('together')).toHaveLength(2);
  });
});
