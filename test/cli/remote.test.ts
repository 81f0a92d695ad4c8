import { setTimeout as sleep } from 'node:timers/promises';
import { AssetEventCollection } from '../../api/contract/asset-events.ts';
import { AssetCollection } from '../../api/contract/assets.ts';
import { DagRun, DagRunCollection } from '../../api/contract/dag-runs.ts';
import { DagCollection } from '../../api/contract/dags.ts';
import { DagGate } from '../../api/contract/gate.ts';
import { QueuedEventCollection } from '../../api/contract/queued-events.ts';
import { exitStatus } from '../../cli/exit-status.ts';
import { all, asset, dag } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';
import { type Ended, runCommand, runHere } from './run-command.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';

const orders = asset('s3://lake/orders');
const rates = asset('s3://lake/rates');
const load = dag('load', { tags: ['daily'] }, (d) => {
  const fetch = d.task('fetch', { outlets: [orders] }, async ({ log, run }) => {
    if (run.conf['fail'] === true) throw new Error('the source is gone');
    log.info('fetched', { rows: 3 });
  });
  d.task('wait', { needs: [fetch] }, async ({ run, signal }) => {
    if (run.conf['wait'] === true) await sleep(60_000, undefined, { signal });
  });
});
const spread = dag('spread', {}, (d) => {
  const list = d.task('list', async () => ['de', 'fr']);
  d.map('each', list, async ({ item, log }) => log.info('loading', { item }));
});
const stock = asset('s3://lake/stock');
const sales = dag(
  'sales',
  { schedule: all(stock, asset('s3://lake/prices')) },
  (d) => void d.task('print', async () => undefined),
);
const report = dag(
  'report',
  { schedule: all(orders, rates) },
  (d) => void d.task('print', async () => undefined),
);

let tidegate: Tidegate;
let served: ServedApi;
let url: string;
beforeAll(async () => {
  tidegate = await startTidegate([load, report, sales, spread]);
  served = await serveApi(tidegate.deps);
  ({ url } = served);
});
afterAll(async () => {
  await served.close();
  await tidegate.stop();
});

const run = (...args: readonly string[]): Promise<Ended> => runHere(args, { env: { TIDEGATE_API_URL: url } });
const json = async (...args: readonly string[]): Promise<unknown> => {
  const { status, stdout, stderr } = await run(...args, '-o', 'json');
  expect({ status, stderr }).toEqual({ status: exitStatus.ok, stderr: '' });
  return JSON.parse(stdout);
};

describe('dags', () => {
  it('are listed for people, for scripts and as the API answers', async () => {
    const [people, plain, body] = await Promise.all([
      run('dags', 'list'),
      run('dags', 'list', '--tag', 'daily', '-o', 'plain'),
      json('dags', 'list', '--pattern', 'rep'),
    ]);
    expect(people.stdout).toMatch(
      /^DAG {5}SCHEDULE {2}PAUSED .+\nload .+\nreport {2}Asset {5}no .+\nsales .+\nspread .+\n$/,
    );
    expect(plain.stdout).toMatch(/^load\t\tfalse\t1\tdaily\t\S+\n$/);
    expect(DagCollection.parse(body).dags.map(({ dag_id }) => dag_id)).toEqual(['report']);
  });

  it('are shown with their condition and their tasks', async () => {
    const { stdout } = await run('dags', 'show', 'report');
    expect(stdout).toMatch(/now {10}Waits for .+s3:\/\/lake\/rates/);
    expect(stdout).toMatch(/✗ all of\n {2}. s3:\/\/lake\/orders/);
    expect(stdout).toMatch(/\nprint {2}- {6}all_success /);
    const { stdout: details } = await run('dags', 'details', 'report', '-o', 'plain');
    expect(details).toContain('has_asset_schedule\ttrue\n');
  });

  it('are paused and resumed', async () => {
    expect((await run('dags', 'pause', 'report')).stdout).toMatch(/paused {2}yes\n$/);
    expect(await json('dags', 'gate', 'report')).toMatchObject({ is_paused: true });
    expect((await run('dags', 'unpause', 'report')).stdout).toMatch(/paused {2}no\n$/);
  });

  it('are paused and resumed all together, and it is said who did it', async () => {
    const all = await runHere(['dags', 'pause', '--all'], { env: { TIDEGATE_API_URL: url, USER: 'alice' } });
    expect(all.stdout).toMatch(/^project paused +yes\nsince +\S.+\nby +alice\npaused themselves +0\n$/);
    expect((await run('dags', 'show', 'report')).stdout).toMatch(/\npaused +yes, as the whole project\n/);
    const alone = await run('dags', 'unpause', 'report');
    expect(alone).toMatchObject({ status: exitStatus.failed, stderr: expect.stringContaining('by alice') });
    expect(await json('dags', 'unpause', '--all')).toMatchObject({ is_paused: false, dags_to_tell: 0 });
    expect(await json('dags', 'details', 'report')).toMatchObject({ is_paused: false, paused_by: null });
  });

  it('that are not there end with 1 and a line naming them', async () => {
    const ended = await Promise.all(
      [
        ['dags', 'show'],
        ['dags', 'trigger'],
        ['dags', 'pause'],
        ['tasks', 'list'],
        ['dags', 'list-runs'],
      ].map((words) => run(...words, 'nothing')),
    );
    for (const { status, stderr } of ended) {
      expect(status).toBe(exitStatus.failed);
      expect(stderr).toMatch(/^tidegate: DAG "?nothing"? .+\n$/);
    }
  });
});

describe('a run', () => {
  it('is waited for, saying how its tasks come along', async () => {
    const { status, stdout, stderr } = await run('dags', 'trigger', 'load', '-r', 'good', '--wait');
    expect(status).toBe(exitStatus.ok);
    expect(stdout).toMatch(/state {5}success\n/);
    expect(stderr).toMatch(/task fetch: success\n[^]*task wait: success\nrun good: success\n$/);
    const again = await run('dags', 'trigger', 'load', '-r', 'good');
    expect(again.status).toBe(exitStatus.failed);
    expect(again.stderr).toMatch(/already has a run "good"/);
  });

  it('that fails ends --wait with 1 and a line that leads to its logs', async () => {
    const { status, stderr } = await runCommand(
      ['dags', 'trigger', 'load', '-r', 'bad', '-c', '{"fail":true}', '--wait'],
      { env: { TIDEGATE_API_URL: url } },
    );
    expect(status).toBe(exitStatus.failed);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^tidegate: run bad of load failed.*: see `tidegate runs logs load bad`$/,
    );
    expect((await run('runs', 'show', 'load', 'bad')).stdout).toMatch(
      /\nfetch {2}failed .+the source is gone\n/,
    );
  });

  it('is shown with its tasks and the events it created', async () => {
    await run('dags', 'trigger', 'load', '-r', 'shown', '--wait');
    const { stdout } = await run('runs', 'show', 'load', 'shown');
    expect(stdout).toMatch(/temporal +http:\/\/temporal\.test\/\S+\n/);
    expect(stdout).toMatch(/\nfetch {2}success {2}1 of 1 /);
    expect(stdout).toMatch(/consumed events\nnone\n/);
    expect(stdout).toMatch(/created events\nEVENT .+\n\d+ +s3:\/\/lake\/orders .+load\.fetch shown/);
    const body = await json('runs', 'show', 'load', 'shown');
    expect(DagRun.parse(body).state).toBe('success');
    expect(body).toMatchObject({ task_instances: [{ task_id: 'fetch' }, { task_id: 'wait' }] });
  });

  it('has logs, of all its tasks or of one', async () => {
    await run('dags', 'trigger', 'load', '-r', 'logged', '--wait');
    const [whole, one, none, unknown] = await Promise.all([
      run('runs', 'logs', 'load', 'logged'),
      run('runs', 'logs', 'load', 'logged', 'fetch', '--try', '1'),
      run('runs', 'logs', 'load', 'logged', 'wait'),
      run('runs', 'logs', 'load', 'logged', 'fecth'),
    ]);
    expect(whole.stdout).toMatch(/^fetch \S+Z INFO {2}fetched {2}rows=3\n$/);
    expect(one.stdout).toMatch(/^\S+Z INFO {2}fetched {2}rows=3\n$/);
    expect(none).toMatchObject({ status: exitStatus.ok, stdout: '', stderr: 'nothing was logged\n' });
    expect(unknown.status).toBe(exitStatus.failed);
    expect(unknown.stderr).toMatch(/has no task fecth: it has fetch, wait\n$/);
  });

  it('is cancelled', async () => {
    await run('dags', 'trigger', 'load', '-r', 'long', '-c', '{"wait":true}');
    await eventually(async () => /\nwait +running /.test((await run('runs', 'show', 'load', 'long')).stdout));
    expect((await run('runs', 'cancel', 'load', 'long')).stderr).toMatch(/^asked to stop/);
    await eventually(async () => {
      const body = await json('dags', 'list-runs', 'load', '--state', 'failed');
      return DagRunCollection.parse(body).dag_runs.some(({ dag_run_id }) => dag_run_id === 'long');
    });
    expect((await run('runs', 'cancel', 'load', 'long')).stderr).toBe('it has ended\n');
  });

  it('is asked for by the asset it produces', async () => {
    const body = await json('assets', 'materialize', '--name', orders.name, '-n', 'by asset');
    expect(DagRun.parse(body)).toMatchObject({ dag_id: 'load', note: 'by asset' });
    const { status, stderr } = await run('assets', 'materialize', '--name', rates.name);
    expect({ status, lines: stderr.split('\n').length }).toEqual({ status: exitStatus.failed, lines: 2 });
  });
});

describe('a run with a mapped task', () => {
  it('is shown with how many instances are in which state, each of which can be looked at', async () => {
    const started = await run('dags', 'trigger', 'spread', '--run-id', 'mapped', '--wait');
    expect(started.status).toBe(exitStatus.ok);
    expect((await run('runs', 'show', 'spread', 'mapped')).stdout).toMatch(/each \(2 success\) +success/);
    const instances = await run('tasks', 'instances', 'spread', 'mapped', 'each');
    expect(instances.stdout).toMatch(/each \[0\] +success.*\n *each \[1\] +success/);
    const logged = await run('runs', 'logs', 'spread', 'mapped', 'each', '--map-index', '1');
    expect(logged.stdout).toMatch(/^each\[1\] \S+ INFO  loading  item=fr\n$/);
    const all = await run('runs', 'logs', 'spread', 'mapped');
    expect(all.stdout).toContain('each[0] ');
    expect((await run('tasks', 'list', 'spread')).stdout).toMatch(/each +list +all_success, mapped/);
  });
});

describe('asset events', () => {
  it('are recorded, listed, and start who waits for them', async () => {
    const made = await json('events', 'create', '--uri', rates.uri, '-e', '{"day":"monday"}');
    expect(made).toMatchObject({ uri: rates.uri, extra: { day: 'monday' } });
    await run('events', 'create', '--name', orders.name);
    const listed = AssetEventCollection.parse(
      await json('events', 'list', '--uri', rates.uri, '--limit', '1'),
    );
    expect(listed.asset_events).toMatchObject([{ extra: { day: 'monday' } }]);
    await eventually(async () => {
      const { dag_runs } = DagRunCollection.parse(await json('dags', 'list-runs', 'report'));
      return dag_runs.some(({ state }) => state === 'success');
    });
    expect(DagGate.parse(await json('dags', 'gate', 'report')).met).toBe(false);
  });

  it('that the contract refuses end with 2 and say which field', async () => {
    const [blank, noUri] = await Promise.all([
      run('events', 'create', '--uri', rates.uri, '--partition-key', ' '),
      run('events', 'create', '--uri', 'no uri'),
    ]);
    expect(blank).toEqual({
      status: exitStatus.invalid,
      stdout: '',
      stderr: 'tidegate: partition_key: it is blank\n',
    });
    expect(noUri.status).toBe(exitStatus.invalid);
    expect(noUri.stderr).toMatch(/^tidegate: URI "no uri" is not valid.+\n$/);
  });
});

describe('assets', () => {
  it('are listed with producers and consumers, and shown by name, URI and id', async () => {
    const { assets } = AssetCollection.parse(await json('assets', 'list'));
    const id = String(assets.find(({ uri }) => uri === orders.uri)?.id);
    const shown = await Promise.all([
      run('assets', 'details', '--name', orders.name, '-o', 'plain'),
      run('assets', 'details', '--uri', orders.uri, '-o', 'plain'),
      run('assets', 'details', '--uri', 'S3://lake/orders/', '-o', 'plain'),
      run('assets', 'details', '--id', id, '-o', 'plain'),
    ]);
    for (const { stdout } of shown) expect(stdout).toMatch(/produced by\tload\.fetch\nconsumed by\treport\n/);
    const { status, stderr } = await run('assets', 'details', '--name', 's3://lake/order');
    expect({ status, stderr }).toEqual({
      status: exitStatus.failed,
      stderr: 'tidegate: no asset has the name "s3://lake/order": `tidegate assets list` shows all\n',
    });
  });
});

describe('queued events', () => {
  const name = ['--name', stock.name];
  const queuedFor = async (...args: readonly string[]) =>
    QueuedEventCollection.parse(await json('assets', 'queued-events', ...args)).queued_events;

  it('are listed by asset, by DAG or by both, for people and as the API answers', async () => {
    await run('events', 'create', ...name);
    await run('events', 'create', ...name);
    const people = await run('assets', 'queued-events', ...name);
    expect(people.stdout).toMatch(
      /^DAG {4}ASSET {12}EVENTS {2}SINCE\nsales {2}s3:\/\/lake\/stock {2}2 +\S+ .+\n$/,
    );
    const [byDag, both] = await Promise.all([
      run('assets', 'queued-events', '--dag', 'sales', '-o', 'plain'),
      run('assets', 'queued-events', ...name, '--dag', 'sales', '-o', 'plain'),
    ]);
    expect(byDag.stdout).toMatch(/^sales\ts3:\/\/lake\/stock\t2\t\S+\n/m);
    expect(byDag.stdout).toContain(both.stdout);
    expect(await queuedFor(...name)).toMatchObject([{ dag_id: 'sales', count: 2 }]);
    expect(await queuedFor('--dag', 'nobody')).toEqual([]);
    const { status, stderr } = await run('assets', 'queued-events', ...name, '--dag', 'report');
    expect(status).toBe(exitStatus.failed);
    expect(stderr).toMatch(/^tidegate: nothing is queued for DAG report from asset \d+.+\n$/);
  });

  it('are cleared, up to a time where one is given, with who asked', async () => {
    await run('events', 'create', ...name);
    const [entry] = await queuedFor(...name);
    const early = await run('assets', 'clear-queued-events', ...name, '--before', entry?.created_at ?? '');
    expect(early).toMatchObject({ status: exitStatus.failed, stdout: '' });
    expect(early.stderr).toMatch(/^tidegate: nothing is queued .+\n$/);
    const { status, stdout } = await runHere(
      ['assets', 'clear-queued-events', ...name, '--dag', 'sales', '--before', '2100-01-01T00:00:00Z'],
      { env: { TIDEGATE_API_URL: url, USER: 'ada' } },
    );
    expect({ status, stdout }).toEqual({
      status: exitStatus.ok,
      stdout: `events      ${entry?.count}\ncleared of  s3://lake/stock\nfor         sales\nolder than  2100-01-01T00:00:00Z\nasked by    ada\n`,
    });
    expect(await queuedFor(...name)).toEqual([]);
    const cleared = await tidegate.deps.db
      .selectFrom('consumption')
      .select(['dag_id', 'who'])
      .where('outcome', '=', 'cleared')
      .execute();
    // One for each time it was asked for: an event that was not counted yet is asked for again.
    expect(cleared.length).toBeGreaterThan(0);
    expect(cleared.every((row) => row.dag_id === 'sales' && row.who === 'ada')).toBe(true);
  });

  it('are counted as JSON where they are cleared', async () => {
    await run('events', 'create', ...name);
    await run('events', 'create', ...name);
    const { status, stdout } = await run(
      'assets',
      'clear-queued-events',
      ...name,
      '--dag',
      'sales',
      '-o',
      'json',
    );
    expect({ status, answer: JSON.parse(stdout) }).toEqual({ status: exitStatus.ok, answer: { cleared: 2 } });
  });

  it('that cannot be cleared end with the status of why', async () => {
    const ended = await Promise.all([
      run('assets', 'clear-queued-events', ...name),
      run('assets', 'clear-queued-events', '--dag', 'nobody'),
      run('assets', 'clear-queued-events', ...name, '--before', 'noon'),
    ]);
    expect(ended.map(({ status, stderr }) => [status, stderr.split(':')[1]])).toEqual([
      [exitStatus.failed, expect.stringMatching(/nothing is queued from asset/)],
      [exitStatus.failed, expect.stringMatching(/DAG "nobody" is not known/)],
      [exitStatus.invalid, ' before'],
    ]);
  });
});

describe('health', () => {
  it('ends with 0 while Postgres and Temporal are there', async () => {
    expect(await run('health')).toMatchObject({
      status: exitStatus.ok,
      stdout: expect.stringMatching(/^api {8}healthy\npostgres {3}healthy\ntemporal {3}healthy\n/),
    });
  });
});

describe('an address that is no Tidegate API', () => {
  it('ends with 2', async () => {
    const foreign = await runHere(['dags', 'list', '--api-url', `${url}/elsewhere`]);
    expect(foreign.status).toBe(exitStatus.invalid);
    expect(foreign.stderr).toMatch(/^tidegate: .+\n$/);
  });
});
