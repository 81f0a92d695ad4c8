import { Dag, DagDetails } from '../../api/contract/dags.ts';
import { NextRunCollection } from '../../api/contract/next-runs.ts';
import { cron, dag } from '../../sdk/index.ts';
import { runHere } from '../cli/run-command.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';
import { startTidegate, type Tidegate } from '../support/tidegate.ts';

const year = new Date().getUTCFullYear();
const newYear = (of: number): string => `${of}-01-01T05:00:00.000Z`;
// On the morning of New Year the next one is in the same year.
const first = Date.now() < Date.parse(newYear(year)) ? year : year + 1;
const work = async (): Promise<void> => undefined;
const dags = [
  dag(
    'yearly',
    {
      schedule: cron('0 6 1 1 *', { timezone: 'Europe/Berlin' }),
      catchup: 'latest',
      endDate: `${first + 3}-01-02`,
    },
    (d) => void d.task('work', work),
  ),
  dag('by_hand', {}, (d) => void d.task('work', work)),
];

let tidegate: Tidegate;
let http: ServedApi['http'];
let api: ServedApi;
let url = '';
beforeAll(async () => {
  tidegate = await startTidegate(dags);
  api = await serveApi(tidegate.deps);
  ({ http, url } = api);
});
afterAll(async () => {
  await api.close();
  await tidegate.stop();
});

const next = async (dagId: string, query = '') =>
  (await http.get(`/api/v2/dags/${dagId}/nextRuns${query}`)).body;

describe('the next times of a schedule', () => {
  it('are those of Temporal, each with its data interval', async () => {
    expect(NextRunCollection.strict().parse(await next('yearly', '?limit=2'))).toEqual({
      next_runs: [0, 1].map((nth) => ({
        logical_date: newYear(first + nth),
        data_interval_start: newYear(first + nth - 1),
        data_interval_end: newYear(first + nth),
      })),
      is_paused: false,
    });
    expect(await next('by_hand')).toEqual({ next_runs: [], is_paused: false });
    expect((await http.get('/api/v2/dags/none/nextRuns')).status).toBe(404);
    expect((await http.get('/api/v2/dags/yearly/nextRuns?limit=101')).status).toBe(422);
  });

  it('end with its end date', async () => {
    const { next_runs: runs } = await next('yearly', '?limit=100');
    expect(runs.at(-1)).toMatchObject({ logical_date: newYear(first + 3) });
  });

  it('are shown with the DAG, while it is not paused', async () => {
    const read = async () => Dag.strict().parse((await http.get('/api/v2/dags/yearly')).body);
    expect(await read()).toMatchObject({
      next_dagrun_logical_date: newYear(first),
      next_dagrun_run_after: newYear(first),
    });
    const details = DagDetails.strict().parse((await http.get('/api/v2/dags/yearly/details')).body);
    expect(details).toMatchObject({
      catchup: true,
      catchup_policy: 'latest',
      end_date: `${first + 3}-01-02T00:00:00.000Z`,
    });
    await http.patch('/api/v2/dags/yearly').send({ is_paused: true });
    expect(await read()).toMatchObject({ next_dagrun_logical_date: null });
    expect(await next('yearly')).toMatchObject({
      is_paused: true,
      next_runs: [{ logical_date: newYear(first) }],
    });
  });

  it('are printed', async () => {
    const { stdout, status } = await runHere([
      'dags',
      'next-execution',
      'yearly',
      '-n',
      '2',
      '--api-url',
      url,
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain(String(first + 1));
  });
});
