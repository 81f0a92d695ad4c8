import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { DagRun, DagRunCollection, RequestedDagRun } from '../../api/contract/dag-runs.ts';
import { TaskInstanceCollection, TaskLogs } from '../../api/contract/task-instances.ts';
import { asset, dag } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const orders = asset('s3://lake/orders');
const load = dag('load', { maxActiveRuns: 1 }, (d) => {
  const fetch = d.task('fetch', async ({ log, run }) => {
    log.info('fetched', { rows: 3, wait: run.conf['wait'] ?? false });
    log.warn('one row was odd', { level: 'shadow' });
  });
  d.task('wait', { needs: [fetch] }, async ({ run, signal }) => {
    if (run.conf['wait'] !== true) return;
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to stop')));
    });
  });
});
const spread = dag('spread', {}, (d) => {
  const list = d.task('list', async () => ['de', 'fr', 'it']);
  d.map('each', list, { retries: 0 }, async ({ item, log }) => {
    log.info('loading', { item });
    if (item === 'it') throw new Error('no data');
  });
});
const report = dag('report', { schedule: orders }, (d) => void d.task('print', async () => undefined));

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate([load, report, spread]);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: 'http://temporal.test', version: '0' }));
});
afterAll(() => tidegate.stop());

const runs = '/api/v2/dags/load/dagRuns';
const inState = (path: string, state: string) =>
  eventually(async () => {
    const { body } = await http.get(path);
    return body.state === state && DagRun.strict().parse(body);
  });

describe('a run by hand', () => {
  it('is there at once, and succeeds', async () => {
    const made = await http.post(runs).send({
      dag_run_id: 'by-hand',
      conf: { a: 1 },
      note: 'first',
      logical_date: '2024-05-01T02:00:00+02:00',
    });
    expect(made.status).toBe(200);
    expect(RequestedDagRun.strict().parse(made.body)).toMatchObject({
      ...{ was_folded: false, folded_requests: 0, single_flight_key: null },
      dag_run_id: 'by-hand',
      state: 'queued',
      run_type: 'manual',
      triggered_by: 'rest_api',
      conf: { a: 1 },
      note: 'first',
      logical_date: '2024-05-01T00:00:00.000Z',
      temporal_workflow_id: 'dag/load/run/by-hand',
    });
    expect(made.body.temporal_ui_url).toBe(
      `http://temporal.test/namespaces/${tidegate.deps.temporal.namespace}/workflows/dag%2Fload%2Frun%2Fby-hand`,
    );
    const ended = await inState(`${runs}/by-hand`, 'success');
    expect(ended).toMatchObject({ dag_versions: [{ version_number: 1 }], duration: expect.any(Number) });
    expect(made.body.temporal_history_until).toBeNull();
    const keptMs = Date.parse(ended.temporal_history_until ?? '') - Date.parse(ended.end_date ?? '');
    expect(keptMs).toBe(86_400_000);
  });

  it('gets an id of its own when it names none', async () => {
    const [one, two] = await Promise.all([http.post(runs).send({}), http.post(runs).send({})]);
    expect(one.body.dag_run_id).toMatch(/^manual__\d{4}-.*Z_[0-9a-f]{6}$/);
    expect(two.body.dag_run_id).not.toBe(one.body.dag_run_id);
    await Promise.all([one, two].map(({ body }) => inState(`${runs}/${body.dag_run_id}`, 'success')));
  });

  it('shows its tasks and their logs', async () => {
    const { body } = await http.get(`${runs}/by-hand/taskInstances`);
    const { task_instances, total_entries } = TaskInstanceCollection.parse(body);
    expect(total_entries).toBe(2);
    expect(task_instances).toMatchObject([
      { task_id: 'fetch', state: 'success', try_number: 1 },
      { task_id: 'wait', state: 'success' },
    ]);

    const logs = `${runs}/by-hand/taskInstances/fetch/logs/1`;
    const { body: first } = await http.get(logs);
    const { content, continuation_token } = TaskLogs.parse(first);
    expect(content).toContainEqual(expect.objectContaining({ level: 'info', event: 'fetched', rows: 3 }));
    expect(content).toContainEqual(expect.objectContaining({ level: 'warn', event: 'one row was odd' }));
    expect(continuation_token).toBeNull();

    const lines = await http.get(logs).set('Accept', 'application/x-ndjson').responseType('blob');
    expect(
      String(lines.body)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(content);

    expect((await http.get(`${runs}/by-hand/taskInstances/nothing/logs/1`)).body.code).toBe('unknown_task');
    expect((await http.get(`${runs}/by-hand/taskInstances/fetch/logs/first`)).status).toBe(422);
    expect((await http.get(`${runs}/by-hand/taskInstances/fetch/logs/9`)).body.content).toEqual([]);
  });
});

describe('cancelling', () => {
  it('ends a run under way, and one that waits for its slot', async () => {
    await http.post(runs).send({ dag_run_id: 'slow', conf: { wait: true } });
    await inState(`${runs}/slow`, 'running');
    await http.post(runs).send({ dag_run_id: 'behind', conf: { wait: true } });

    const waiting = await http.post(`${runs}/behind/cancel`);
    expect([waiting.status, waiting.body.state]).toEqual([202, 'failed']);
    const gate = await http.get('/api/v2/dags/load/gate');
    expect(gate.body).toMatchObject({ active_runs: ['slow'], max_active_runs: 1, has_requested_runs: false });

    expect((await http.post(`${runs}/slow/cancel`)).status).toBe(202);
    const ended = await inState(`${runs}/slow`, 'failed');
    const again = await http.post(`${runs}/slow/cancel`);
    expect(again.body).toEqual(ended);
  });
});

describe('pausing', () => {
  it('keeps runs and events queued until the DAG is resumed', async () => {
    const paused = await http.patch('/api/v2/dags/report').send({ is_paused: true });
    expect([paused.status, paused.body.is_paused]).toEqual([200, true]);
    const { body: run } = await http.post('/api/v2/dags/report/dagRuns').send({});
    await http.post('/api/v2/assets/events').send({ uri: orders.uri });
    const { body: gate } = await http.get('/api/v2/dags/report/gate');
    expect(gate).toMatchObject({ is_paused: true, met: true, has_requested_runs: true, active_runs: [] });
    expect(run.state).toBe('queued');

    const resumed = await http.patch('/api/v2/dags/report').send({ is_paused: false });
    expect(resumed.body.is_paused).toBe(false);
    await inState(`/api/v2/dags/report/dagRuns/${run.dag_run_id}`, 'success');
  });
});

describe('a list of runs', () => {
  const find = async (query: object, of = '~') => {
    const { body } = await http.get(`/api/v2/dags/${of}/dagRuns`).query(query);
    return DagRunCollection.parse(body);
  };

  it('finds the run that events started, with what it consumed', async () => {
    const [run] = await eventually(async () => {
      const { dag_runs } = await find({ run_type: 'asset_triggered', state: ['success'] });
      return dag_runs.length > 0 && dag_runs;
    });
    expect(run).toMatchObject({ dag_id: 'report', triggered_by: 'asset', consumed_event_count: 1 });
    expect((await find({ consuming_asset_pattern: 'orders' })).total_entries).toBe(1);
    expect((await find({ consuming_asset_pattern: 'nothing' })).total_entries).toBe(0);
  });

  it('orders, pages and filters', async () => {
    const all = await find({}, 'load');
    const newest = await find({ order_by: ['-id'], limit: 2 }, 'load');
    expect(newest.total_entries).toBe(all.total_entries);
    expect(newest.dag_runs).toEqual(all.dag_runs.toReversed().slice(0, 2));
    expect((await find({ run_id_pattern: 'by-h' })).total_entries).toBe(1);
    expect((await find({ state: 'failed' })).total_entries).toBe(2);
    expect(
      (await find({ logical_date_gte: '2024-05-01T00:00:00Z', logical_date_lt: '2024-05-02T00:00:00Z' }))
        .total_entries,
    ).toBe(1);
    expect((await find({ start_date_gt: '2100-01-01T00:00:00Z' })).total_entries).toBe(0);
    expect((await find({ run_after_lte: '2024-05-01T00:00:00Z' })).total_entries).toBe(1);
    for (const order_by of ['dag_id', 'run_type', '-run_after', '-duration', 'end_date', '-logical_date']) {
      expect((await find({ order_by })).dag_runs).toHaveLength(
        all.total_entries + (await find({}, 'report')).total_entries,
      );
    }
  });
});

describe('a run with a mapped task', () => {
  const ofSpread = '/api/v2/dags/spread/dagRuns/mapped';
  it('shows the task as a whole, its instances, and the log of each', async () => {
    await http.post('/api/v2/dags/spread/dagRuns').send({ dag_run_id: 'mapped' });
    await inState(ofSpread, 'failed');
    const whole = TaskInstanceCollection.parse((await http.get(`${ofSpread}/taskInstances`)).body);
    expect(whole).toMatchObject({
      total_entries: 2,
      task_instances: [
        { task_id: 'list', map_index: -1, instances: null },
        { task_id: 'each', map_index: -1, state: 'failed', instances: { success: 2, failed: 1 } },
      ],
    });
    expect(whole.task_instances[1]?.duration).toEqual(expect.any(Number));

    const each = `${ofSpread}/taskInstances/each`;
    const page = (await http.get(`${each}/listMapped?limit=2&offset=1`)).body;
    expect(TaskInstanceCollection.parse(page)).toMatchObject({
      total_entries: 3,
      task_instances: [
        { id: 'spread/mapped/each/1', map_index: 1, state: 'success' },
        { id: 'spread/mapped/each/2', map_index: 2, state: 'failed', error: 'no data' },
      ],
    });
    const logged = TaskLogs.parse((await http.get(`${each}/logs/1?map_index=1`)).body);
    expect(logged.content).toMatchObject([{ event: 'loading', item: 'fr' }]);
    expect((await http.get(`${ofSpread}/taskInstances/nothing/listMapped`)).body.code).toBe('unknown_task');
    expect((await http.get(`${ofSpread}/taskInstances/list/listMapped`)).body).toEqual({
      task_instances: [],
      total_entries: 0,
    });
  });
});
