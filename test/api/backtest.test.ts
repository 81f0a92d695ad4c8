import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { Backtest } from '../../api/contract/backtest.ts';
import { parseDagId } from '../../core/ids.ts';
import { all, any, alias, asset, dag, on } from '../../sdk/index.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { runHere } from '../cli/run-command.ts';
import { aLatch } from '../support/latch.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const [a, b, c] = [asset('s3://past/a'), asset('s3://past/b'), asset('s3://past/c')];
const [d, e] = [asset('s3://past/d'), asset('s3://past/e')];
const daily = alias('daily');
const held = aLatch();
const noop = async (): Promise<void> => undefined;
const dags = [
  dag('nested', { schedule: all(a, any(b, c)) }, (d) => void d.task('work', noop)),
  dag('narrow', { schedule: a, maxActiveRuns: 1 }, (d) => {
    d.task('work', async ({ run }) => (run.conf['wait'] === true ? held.opened : delay(20)));
  }),
  dag('keyed', { schedule: [a, b], partitioned: true }, (d) => void d.task('work', noop)),
  dag('cleared', { schedule: [d, e], partitioned: true }, (run) => void run.task('work', noop)),
  dag(
    'large',
    { schedule: on(c, { where: { 'extra.rows': { gte: 10 } } }) },
    (d) => void d.task('work', noop),
  ),
  dag('aliased', { schedule: daily }, (d) => void d.task('work', noop)),
  dag('producer', {}, (d) => {
    d.task('make', { outlets: [daily] }, async ({ emit }) => emit.via(daily, b));
  }),
];

let tidegate: Tidegate;
let http: ServedApi['http'];
let api: ServedApi;
let url = '';
let begunAt = 0;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
  api = await serveApi(tidegate.deps);
  ({ http, url } = api);
  begunAt = Date.now();
  await happen();
});
afterAll(async () => {
  await api.close();
  await tidegate.stop();
});

/** Some days of a project, in seconds. */
async function happen(): Promise<void> {
  const paused = parseDagId('nested');
  await tidegate.trigger('narrow', { wait: true });
  await eventually(async () => (await tidegate.runsOf('narrow')).some(({ state }) => state === 'running'));
  await tidegate.post(a.uri);
  await tidegate.post(a.uri, b.uri, c.uri);
  await tidegate.runsClosed('nested', 1);
  await setPaused(tidegate.deps, paused, true);
  await tidegate.post(a.uri);
  await tidegate.post(c.uri);
  await setPaused(tidegate.deps, paused, false);
  await tidegate.runsClosed('nested', 2);
  held.open();
  await tidegate.runsClosed('narrow', 2);
  await tidegate.post(a.uri);
  // What has not reached it yet is not cleared.
  await eventually(async () => Object.keys((await tidegate.gate('nested')).gate.queued).length > 0);
  await clearQueue(tidegate.deps, paused, { who: 'test' });
  await tidegate.post(b.uri);
  for (const partition of ['x', 'y']) await tidegate.postWith(a.uri, { partition });
  await tidegate.postWith(b.uri, { partition: 'x' });
  await tidegate.postWith(c.uri, { extra: { rows: 5 } });
  await tidegate.postWith(c.uri, { extra: { rows: 50 } });
  for (const partition of ['x', 'y']) await tidegate.postWith(d.uri, { partition });
  await eventually(async () => Object.keys((await tidegate.gate('cleared')).gate.queued).length === 2);
  await clearQueue(tidegate.deps, parseDagId('cleared'), { who: 'test' });
  await tidegate.postWith(e.uri, { partition: 'x' });
  for (const { uri } of [d, e]) await tidegate.postWith(uri, { partition: 'z' });
  await tidegate.trigger('producer');
  await Promise.all([
    tidegate.runsClosed('keyed', 1),
    tidegate.runsClosed('cleared', 1),
    tidegate.runsClosed('large', 1),
    tidegate.runsClosed('aliased', 1),
    tidegate.runsClosed('narrow', 3),
  ]);
}

const played = async (dagId: string, body: object = {}) => {
  const since = new Date(begunAt - 3_600_000).toISOString();
  const response = await http.post(`/api/v2/dags/${dagId}/backtest`).send({ since, ...body });
  expect([response.status, response.body]).toEqual([200, expect.anything()]);
  return Backtest.strict().parse(response.body);
};
const idsOf = (runs: Backtest['simulated']) => runs.map(({ dag_run_id }) => dag_run_id);

describe('a schedule over what was recorded', () => {
  it.each(['nested', 'keyed', 'cleared', 'large', 'aliased', 'narrow'])(
    'starts the runs that there were, where it is that of the DAG: %s',
    async (dagId) => {
      const { simulated, happened, agreed } = await played(dagId);
      expect(happened.length).toBeGreaterThan(0);
      expect(
        simulated.map(({ dag_run_id, events, event_count }) => ({ dag_run_id, events, event_count })),
      ).toEqual(happened.map(({ dag_run_id, events, event_count }) => ({ dag_run_id, events, event_count })));
      expect(agreed).toBe(happened.length);
    },
  );

  it('says that what was cleared is cleared whole', async () => {
    const said = 'What was cleared leaves the queue whole, also where only its older events did.';
    expect((await played('cleared')).assumptions).toContain(said);
    expect((await played('keyed')).assumptions).not.toContain(said);
  });

  it('begins with what was queued then', async () => {
    const [, second] = await tidegate.runsOf('nested');
    const since = new Date((second?.queued_at.getTime() ?? 0) - 1).toISOString();
    const { simulated, happened, event_count } = await played('nested', { since });
    expect(idsOf(simulated)).toEqual(idsOf(happened));
    expect(happened[0]).toMatchObject({ dag_run_id: second?.run_id, event_count: 2 });
    expect(event_count).toBeGreaterThan(2);
  });

  it('begins without what a run took that was let in then, however late that was written down', async () => {
    const { db } = tidegate.deps;
    const dagId = parseDagId('nested');
    const [, second] = await tidegate.runsOf('nested');
    await db
      .updateTable('consumption')
      .set({ at: sql<Date>`at + interval '5 milliseconds'` })
      .where('dag_id', '=', dagId)
      .execute();
    const { simulated, happened } = await played('nested', { since: second?.admitted_at?.toISOString() });
    expect([simulated, happened]).toEqual([[], []]);
  });

  it('says which runs another schedule would have started', async () => {
    const { simulated, happened, sentence } = await played('nested', {
      schedule: { all: ['s3://past/a', 's3://past/b'] },
    });
    expect(happened).toHaveLength(2);
    expect(simulated).toMatchObject([
      { events: [{ name: 's3://past/a' }, { name: 's3://past/a' }, { name: 's3://past/b' }] },
    ]);
    expect(sentence).toMatch(/^Waits for /);
    const through = await played('nested', { schedule: { alias: 'daily' } });
    expect(through.simulated).toMatchObject([{ event_count: 1, events: [{ name: 's3://past/b' }] }]);
    expect((await played('nested', { schedule: null })).simulated).toEqual([]);
  });

  it('refuses what it cannot play', async () => {
    const since = new Date(begunAt).toISOString();
    const refusal = async (dagId: string, body: object) => {
      const { status, body: problem } = await http.post(`/api/v2/dags/${dagId}/backtest`).send(body);
      return [status, problem.detail];
    };
    expect(await refusal('nested', { since, schedule: 'nothing' })).toEqual([
      404,
      expect.stringContaining('schedule: no active asset has the name or URI "nothing"'),
    ]);
    expect(await refusal('nested', { since, schedule: { alias: 'weekly' } })).toEqual([
      404,
      expect.stringContaining('schedule: no alias is named "weekly"'),
    ]);
    expect(await refusal('nested', { since, schedule: { some: [] } })).toEqual([
      400,
      expect.stringContaining('schedule {"some":[]} is not valid'),
    ]);
    const future = new Date(Date.now() + 60_000).toISOString();
    expect(await refusal('nested', { since: future })).toEqual([
      400,
      expect.stringContaining('is not before'),
    ]);
    expect((await refusal('none', { since }))[0]).toBe(404);
    expect((await refusal('nested', {}))[0]).toBe(422);
    expect((await refusal('nested', { since, schedul: 'a' }))[0]).toBe(422);
  });
});

describe('tidegate simulate --dag', () => {
  const command = (...args: readonly string[]) => runHere(['simulate', ...args, '--api-url', url]);

  it('prints the runs beside each other', async () => {
    const { status, stdout, stderr } = await command('--dag', 'nested', '--since', '1h');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/AT +WOULD START +EVENTS +HAPPENED +EVENTS/);
    expect(stdout.match(/asset__\d+ +.*asset__\d+/g)).toHaveLength(2);
    expect(stdout).toMatch(/the same +2\n/);
    expect(stdout).toContain('assumed');
  });

  it('plays a proposed schedule, and answers in JSON', async () => {
    const line = "all(s3://past/a, any('s3://past/b', s3://past/c))";
    const { status, stdout } = await command(
      '--dag',
      'narrow',
      '--since',
      '1h',
      '--schedule',
      line,
      '-o',
      'json',
    );
    expect(status).toBe(0);
    const { simulated, happened } = Backtest.parse(JSON.parse(stdout));
    expect(simulated.length).toBeGreaterThan(0);
    expect(idsOf(simulated)).not.toEqual(idsOf(happened));
  });

  it('says what is missing or wrong', async () => {
    const failures = await Promise.all([
      command('--dag', 'nested'),
      command('--dag', 'nested', '--since', 'yesterday'),
      command('--dag', 'nested', '--since', '1h', '--schedule', 'all(a'),
      command('scenario.json', '--since', '1h'),
      command('--dag', 'none', '--since', '1h'),
    ]);
    expect(failures.map(({ status, stderr }) => [status, stderr.trim()])).toEqual([
      [2, expect.stringContaining('give a scenario, or --dag and --since')],
      [2, expect.stringContaining('--since "yesterday" is not valid: write a duration')],
      [2, expect.stringContaining('schedule "all(a" is not valid: it ends where')],
      [2, expect.stringContaining('--since is about what was recorded')],
      [expect.any(Number), expect.stringContaining('DAG "none" is not known')],
    ]);
  });
});
