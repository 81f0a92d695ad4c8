import { DagDetails } from '../../api/contract/dags.ts';
import { DagRun } from '../../api/contract/dag-runs.ts';
import { DeadlineCollection } from '../../api/contract/deadlines.ts';
import { DagGate } from '../../api/contract/gate.ts';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { compileDag } from '../../sdk/compile.ts';
import { asset, assetAndTime, dag, type DagOptions } from '../../sdk/index.ts';
import { requestTick } from '../../store/ticks.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aProject } from '../support/plans.ts';

const orders = asset('s3://lake/orders');
const planOf = (id: string, options: DagOptions<undefined>) =>
  compileDag(
    dag(id, options, (d) => void d.task('work', async () => undefined)),
    'dags/test.ts',
  );
const six = Date.UTC(2026, 0, 1, 6);

let api: TestApi;
beforeAll(async () => {
  const punctual = { schedule: orders, deadline: { cron: '@daily', onMissing: 'run' } } as const;
  api = await startApi(
    aProject([
      planOf('by_both', { schedule: assetAndTime({ cron: '@hourly' }, orders) }),
      planOf('punctual', punctual),
      planOf('apart', { schedule: orders }),
    ]),
  );
});
afterAll(() => api.stop());

const tickAt = (nominalAt: number) => ({ nominalAt, previousAt: nominalAt - 3_600_000 });

describe('ticks that wait for assets', () => {
  it('are told by the gate, and listed by their one run', async () => {
    const { db } = api.deps;
    const dagId = parseDagId('by_both');
    for (const at of [six, six + 7_200_000, six]) await requestTick(db, dagId, tickAt(at));
    const { body: gate } = await api.http.get('/api/v2/dags/by_both/gate');
    expect(DagGate.strict().parse(gate)).toMatchObject({
      has_requested_runs: false,
      owed_ticks: { count: 2, first: '2026-01-01T06:00:00.000Z', last: '2026-01-01T08:00:00.000Z' },
      sentence:
        '2 ticks from 2026-01-01T06:00:00.000Z to 2026-01-01T08:00:00.000Z are owed and wait for s3://lake/orders; 0 of 1 assets updated.',
    });
    const { body: run } = await api.http.get(
      '/api/v2/dags/by_both/dagRuns/scheduled__2026-01-01T06:00:00.000Z',
    );
    expect(DagRun.strict().parse(run)).toMatchObject({
      ticks: ['2026-01-01T06:00:00.000Z', '2026-01-01T08:00:00.000Z'],
      data_interval_start: '2026-01-01T05:00:00.000Z',
      data_interval_end: '2026-01-01T08:00:00.000Z',
      missing: [],
    });
    const { body: apart } = await api.http.get('/api/v2/dags/apart/gate');
    expect(apart).toMatchObject({ owed_ticks: null });
  });

  it('are one run even where they come at once', async () => {
    const dagId = parseDagId('by_both');
    const ticks = Array.from({ length: 12 }, (_, hour) => six + (hour % 6) * 3_600_000);
    await Promise.all(ticks.map((at) => requestTick(api.deps.db, dagId, tickAt(at))));
    const { body } = await api.http.get('/api/v2/dags/by_both/dagRuns');
    expect(body.total_entries).toBe(1);
    expect(body.dag_runs[0].ticks).toHaveLength(6);
  });
});

describe('the details of a DAG', () => {
  it('say what its times are for', async () => {
    const { body: both } = await api.http.get('/api/v2/dags/by_both/details');
    expect(both).toMatchObject({ timetable_summary: 'Asset and @hourly', deadline: null });
    const { body: punctual } = await api.http.get('/api/v2/dags/punctual/details');
    expect(DagDetails.strict().parse(punctual).deadline).toEqual({
      ...{ cron: '@daily', timezone: 'UTC', on_missing: 'run' },
    });
  });
});

describe('the deadlines of a DAG', () => {
  it('are listed, newest first, page by page', async () => {
    const { db } = api.deps;
    const dagId = parseDagId('punctual');
    const runId = parseRunId(dagId, 'deadline__2026-01-02T00:00:00.000Z');
    const at = (day: number) => new Date(Date.UTC(2026, 0, day));
    await db
      .insertInto('deadline')
      .values([
        { dag_id: dagId, due_at: at(1), outcome: 'met', run_id: null, missing: '[]', decided_at: at(1) },
        {
          dag_id: dagId,
          due_at: at(2),
          outcome: 'run',
          run_id: runId,
          missing: '["orders"]',
          decided_at: at(2),
        },
        { dag_id: dagId, due_at: at(3), run_id: null, missing: '[]' },
      ])
      .execute();
    const path = '/api/v2/dags/punctual/deadlines';
    const { body } = await api.http.get(path).query({ limit: 2 });
    expect(DeadlineCollection.strict().parse(body)).toEqual({
      deadlines: [
        { due: '2026-01-03T00:00:00.000Z', outcome: null, dag_run_id: null, missing: [], decided_at: null },
        {
          ...{ due: '2026-01-02T00:00:00.000Z', outcome: 'run', dag_run_id: runId },
          ...{ missing: ['orders'], decided_at: '2026-01-02T00:00:00.000Z' },
        },
      ],
      total_entries: 3,
    });
    expect((await api.http.get(path).query({ offset: 2 })).body.deadlines).toMatchObject([
      { outcome: 'met' },
    ]);
    expect((await api.http.get('/api/v2/dags/apart/deadlines')).body).toEqual({
      deadlines: [],
      total_entries: 0,
    });
  });

  it('are refused where the DAG or the page is none', async () => {
    expect((await api.http.get('/api/v2/dags/none/deadlines')).status).toBe(404);
    expect((await api.http.get('/api/v2/dags/punctual/deadlines').query({ limit: 'x' })).status).toBe(422);
    const reserved = { dag_run_id: 'deadline__2026-01-01T00:00:00.000Z' };
    expect((await api.http.post('/api/v2/dags/punctual/dagRuns').send(reserved)).status).toBe(400);
  });
});
