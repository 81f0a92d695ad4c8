import { Dag, DagCollection, DagDetails, TaskCollection } from '../../api/contract/dags.ts';
import { DagGate } from '../../api/contract/gate.ts';
import { ImportErrorCollection } from '../../api/contract/import-errors.ts';
import { deployProject } from '../../store/deploy.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aDagPlan, allOf, anAsset, aProject, aTaskPlan, hashOf, on } from '../support/plans.ts';

const ORDERS = anAsset('s3://lake/orders');
const RATES = anAsset('s3://lake/rates');
const load = aDagPlan({
  dagId: 'load',
  description: 'Loads orders',
  tags: ['daily', 'orders'],
  cron: { expression: '@hourly', timezone: 'Europe/Berlin' },
  tasks: [
    aTaskPlan('fetch', {
      timeoutMs: 90_061_001,
      retries: { max: 2, initialMs: 5_000, factor: 2, longestMs: 60_000 },
    }),
    aTaskPlan('clean', { needs: [aTaskPlan('fetch').id], outlets: [ORDERS] }),
  ],
});
const OUTLET = anAsset('s3://lake/report');
const report = {
  ...aDagPlan({ dagId: 'report', tags: ['daily'], condition: allOf(ORDERS, RATES), maxActiveRuns: 2 }),
  run: { tasks: [aTaskPlan('work')], outlets: [{ asset: OUTLET, extra: {} }] },
};
const old = aDagPlan({ dagId: 'old', condition: on(RATES) });
const importErrors = [{ file: 'dags/broken.ts', message: 'unexpected end of file' }];

let api: TestApi;
beforeAll(async () => {
  api = await startApi(aProject([load, report, old]));
  await deployProject(api.deps.db, aProject([load, report]), hashOf);
  await deployProject(api.deps.db, aProject([load, report], { importErrors }), hashOf);
});
afterAll(() => api.stop());

const idsOf = async (query: object): Promise<readonly string[]> => {
  const { body } = await api.http.get('/api/v2/dags').query(query);
  return DagCollection.parse(body).dags.map(({ dag_id }) => dag_id);
};

describe('GET /api/v2/dags', () => {
  it.each([
    ['leaves out removed DAGs', {}, ['load', 'report']],
    ['shows removed DAGs when asked', { exclude_stale: false }, ['load', 'old', 'report']],
    ['finds by part of the id, whatever the case', { dag_id_pattern: 'EPOR' }, ['report']],
    ['finds by any of several tags', { tags: ['orders', 'nothing'] }, ['load']],
    ['finds by all of several tags', { tags: ['orders', 'daily'], tags_match_mode: 'all' }, ['load']],
    ['finds by whether assets start it', { has_asset_schedule: true }, ['report']],
    ['finds by an asset of the condition', { asset_dependency: 'rates' }, ['report']],
    ['finds by whether it is paused', { paused: true }, []],
    ['finds by whether its file is broken', { has_import_errors: true }, []],
    ['orders downwards', { order_by: '-dag_id' }, ['report', 'load']],
    ['pages', { limit: 1, offset: 1 }, ['report']],
  ])('%s', async (_, query, ids) => {
    expect(await idsOf(query)).toEqual(ids);
  });

  it('counts all of a list whatever the page', async () => {
    const { body } = await api.http.get('/api/v2/dags').query({ limit: 0, offset: 9 });
    expect(body).toEqual({ dags: [], total_entries: 2 });
  });
});

describe('GET /api/v2/dags/{dag_id}', () => {
  it('shows a DAG', async () => {
    const { body } = await api.http.get('/api/v2/dags/load');
    expect(Dag.strict().parse(body)).toMatchObject({
      dag_id: 'load',
      is_paused: false,
      is_stale: false,
      description: 'Loads orders',
      timetable_summary: '@hourly',
      timetable_description: '@hourly (Europe/Berlin)',
      tags: [{ name: 'daily', dag_id: 'load' }, { name: 'orders' }],
      relative_fileloc: 'dags/load.ts',
    });
  });

  it('still shows a DAG that was removed', async () => {
    const { body } = await api.http.get('/api/v2/dags/old');
    expect(body).toMatchObject({ is_stale: true, last_expired: expect.any(String) });
  });

  it('tells the condition in the words of Airflow', async () => {
    const { body } = await api.http.get('/api/v2/dags/report/details');
    expect(DagDetails.strict().parse(body)).toMatchObject({
      timetable_summary: 'Asset',
      asset_expression: { all: [{ asset: ORDERS }, { asset: RATES }] },
      latest_dag_version: { version_number: 1, dag_id: 'report' },
      max_active_runs: 2,
      outlets: [OUTLET],
    });
  });

  it('shows tasks with what they need and what needs them', async () => {
    const { body } = await api.http.get('/api/v2/dags/load/tasks');
    const { tasks } = TaskCollection.parse(body);
    expect(tasks).toMatchObject([
      {
        task_id: 'fetch',
        downstream_task_ids: ['clean'],
        retries: 2,
        execution_timeout: { days: 1, seconds: 3_661, microseconds: 1_000 },
        retry_delay: { days: 0, seconds: 5, microseconds: 0 },
      },
      { task_id: 'clean', upstream_task_ids: ['fetch'], outlets: [ORDERS], execution_timeout: null },
    ]);
  });
});

describe('GET /api/v2/dags/{dag_id}/gate', () => {
  it('explains what a DAG waits for, and since when', async () => {
    const { body: event } = await api.http.post('/api/v2/assets/events').send({ name: ORDERS.name });
    const { body } = await api.http.get('/api/v2/dags/report/gate');
    const since = { first_event_id: event.id, last_event_id: event.id, first_timestamp: event.timestamp };
    expect(DagGate.strict().parse(body)).toMatchObject({
      version: 1,
      is_paused: false,
      active_runs: [],
      max_active_runs: 2,
      met: false,
      sentence: 'Waits for s3://lake/rates; 1 of 2 assets updated.',
      explanation: {
        kind: 'all',
        met: false,
        of: [
          { asset: ORDERS, met: true, queued: { count: 1, ...since } },
          { asset: RATES, met: false, queued: null },
        ],
      },
    });
  });

  it('has no explanation where events start nothing', async () => {
    const { body } = await api.http.get('/api/v2/dags/load/gate');
    expect(body).toMatchObject({ explanation: null, met: false, has_requested_runs: false });
  });

  it('says of a DAG that was removed that it was', async () => {
    const { body } = await api.http.get('/api/v2/dags/old/gate');
    expect(DagGate.parse(body)).toMatchObject({
      ...{ met: false, max_active_runs: 0, explanation: null },
      sentence: 'The DAG was removed.',
    });
  });
});

describe('GET /api/v2/importErrors', () => {
  it('lists broken files', async () => {
    const { body } = await api.http.get('/api/v2/importErrors');
    expect(ImportErrorCollection.parse(body)).toMatchObject({
      import_errors: [
        { import_error_id: 1, filename: 'dags/broken.ts', stack_trace: 'unexpected end of file' },
      ],
      total_entries: 1,
    });
  });
});
