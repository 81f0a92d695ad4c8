import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssetEvent } from '../../api/contract/asset-events.ts';
import { DagCollection } from '../../api/contract/dags.ts';
import { DagRun, DagRunCollection } from '../../api/contract/dag-runs.ts';
import { TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { type Api, createApi } from '../../cli/api-client.ts';
import { createTestPlace, type TestPlace } from '../support/place.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { startApiProcess, startProcess, type TidegateProcess } from '../support/processes.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';
import { eventually } from '../support/tidegate.ts';

const dags = `
import { appendFile, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { all, any, asset, dag } from 'tidegate';

const orders = asset('s3://e2e/orders');
const rates = asset('s3://e2e/rates');
const attempts = new URL('../attempts.txt', import.meta.url).pathname;

export const both = dag('both', { schedule: all(orders, rates) }, (d) => {
  d.task('read', async ({ events }) => events.all().count());
});
export const either = dag('either', { schedule: any(orders, rates) }, (d) => {
  d.task('read', async ({ events }) => events.all().count());
});
export const wide = dag('wide', {}, (d) => {
  for (let index = 0; index < 30; index += 1) d.task(\`part_\${index}\`, async () => sleep(200));
});
export const slow = dag('slow', {}, (d) => {
  d.task('wait', { heartbeatTimeout: '2 seconds' }, async ({ signal }) => {
    await appendFile(attempts, \`\${process.pid}\\n\`);
    const isFirst = (await readFile(attempts, 'utf8')).trim().split('\\n').length === 1;
    if (isFirst) await sleep(600_000, undefined, { signal });
    return process.pid;
  });
});
`;

let place: TestPlace;
let project: TempProject;
let variables: NodeJS.ProcessEnv;

beforeAll(async () => {
  [place, project] = await Promise.all([createTestPlace(), makeTempProject({ 'dags/e2e.ts': dags })]);
  variables = { ...place.variables, TIDEGATE_PROJECT: project.folder };
});

afterAll(async () => {
  await project.remove();
  await place.remove();
});

describe('one API and two workers', () => {
  let http: Api;
  let api: TidegateProcess;
  let workers: TidegateProcess[];

  beforeAll(async () => {
    await appendFile(join(project.folder, 'attempts.txt'), '');
    workers = [startProcess('worker', variables), startProcess('worker', variables)];
    const started = await startApiProcess(variables);
    api = started.api;
    http = createApi(started.url);
    await Promise.all(workers.map((worker) => worker.writes('"worker ready"')));
  });

  afterAll(async () => {
    for (const each of [api, ...workers]) each.kill('SIGKILL');
    await Promise.all([api, ...workers].map(({ status }) => status));
  });

  const trigger = (dagId: string): Promise<DagRun> =>
    http.send('POST', DagRun, `/api/v2/dags/${dagId}/dagRuns`, {});
  const post = (uri: string): Promise<AssetEvent> =>
    http.send('POST', AssetEvent, '/api/v2/assets/events', { uri });
  const runOf = ({ dag_id, dag_run_id }: DagRun): Promise<DagRun> =>
    http.get(DagRun, `/api/v2/dags/${dag_id}/dagRuns/${dag_run_id}`);
  const succeeded = (run: DagRun): Promise<DagRun> =>
    eventually(async () => {
      const now = await runOf(run);
      if (now.state === 'failed') throw new Error(`${now.dag_id} failed: ${now.state_reason}`);
      return now.state === 'success' && now;
    });
  const runsOf = async (dagId: string): Promise<readonly DagRun[]> =>
    (await http.get(DagRunCollection, `/api/v2/dags/${dagId}/dagRuns`)).dag_runs;
  const tasksOf = async ({ dag_id, dag_run_id }: DagRun) =>
    (await http.get(TaskInstanceCollection, `/api/v2/dags/${dag_id}/dagRuns/${dag_run_id}/taskInstances`))
      .task_instances;

  it('share the tasks of a run', async () => {
    const run = await succeeded(await trigger('wide'));
    const hosts = new Set((await tasksOf(run)).map(({ hostname }) => hostname?.split('@')[0]));
    expect(hosts).toEqual(new Set(workers.map(({ pid }) => String(pid))));
  });

  it('start an AND consumer once for both events, and an OR consumer for each', async () => {
    await post('s3://e2e/orders');
    const [first] = await eventually(async () => {
      const runs = await runsOf('either');
      return runs.length === 1 && runs;
    });
    expect(first).toMatchObject({ run_type: 'asset_triggered', consumed_event_count: 1 });
    expect(await runsOf('both')).toEqual([]);
    await post('s3://e2e/rates');
    await eventually(
      async () => (await runsOf('both')).length === 1 && (await runsOf('either')).length === 2,
    );
    const runs = await Promise.all([...(await runsOf('both')), ...(await runsOf('either'))].map(succeeded));
    expect(runs.map(({ dag_id, consumed_event_count }) => [dag_id, consumed_event_count])).toEqual([
      ['both', 2],
      ['either', 1],
      ['either', 1],
    ]);
  });

  it('finish the task of a worker that was killed', async () => {
    const run = await trigger('slow');
    const attempts = async (): Promise<readonly string[]> =>
      (await readFile(join(project.folder, 'attempts.txt'), 'utf8')).trim().split('\n').filter(Boolean);
    const pid = await eventually(async () => (await attempts())[0], 30_000);
    const [killed, other] = workers.toSorted((worker) => (String(worker.pid) === pid ? -1 : 1));
    killed?.kill('SIGKILL');
    expect(await killed?.status).toBe('SIGKILL');
    await succeeded(run);
    const [task] = await tasksOf(run);
    expect(task).toMatchObject({ state: 'success', try_number: 2 });
    expect(await attempts()).toEqual([pid, String(other?.pid)]);
    workers = workers.filter((worker) => worker !== killed);
  });

  it('leave what is deployed alone as a worker that has a part of it and never deploys', async () => {
    const part = await makeTempProject({
      'dags/part.ts': `import { dag } from 'tidegate';\nexport const part = dag('part', {}, (d) => void d.task('only', () => 1));\n`,
    });
    const settings = { TIDEGATE_PROJECT: part.folder, TIDEGATE_DEPLOY: 'never' };
    const worker = startProcess('worker', { ...variables, ...settings });
    await worker.writes('"worker ready"');
    const { dags: deployed } = await http.get(DagCollection, '/api/v2/dags');
    worker.kill('SIGTERM');
    expect(await worker.status).toBe(0);
    await part.remove();
    expect(deployed.map(({ dag_id }) => dag_id)).toEqual(['both', 'either', 'slow', 'wide']);
  });

  it('end with status 0 within 10 seconds of SIGTERM', async () => {
    const ending = [api, ...workers];
    const startedAt = Date.now();
    for (const each of ending) each.kill('SIGTERM');
    expect(await Promise.all(ending.map(({ status }) => status))).toEqual(ending.map(() => 0));
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('a process that cannot work', () => {
  const wrong = [
    ['worker', 'DATABASE_URL', '', 'DATABASE_URL is not set'],
    [
      'worker',
      'DATABASE_URL',
      'postgres://me:secret@127.0.0.1:9/app',
      'DATABASE_URL 127.0.0.1:9/app: Postgres does not answer',
    ],
    ['worker', 'TEMPORAL_ADDRESS', '127.0.0.1:9', 'TEMPORAL_ADDRESS 127.0.0.1:9, TEMPORAL_NAMESPACE test-'],
    ['worker', 'TEMPORAL_NAMESPACE', 'not-there', 'TEMPORAL_NAMESPACE not-there'],
    [
      'worker',
      'TIDEGATE_DEPLOY',
      'sometimes',
      `TIDEGATE_DEPLOY "sometimes" is not valid: use 'new', 'always' or 'never'`,
    ],
    [
      'worker',
      'TIDEGATE_IDEMPOTENCY_RETENTION',
      '30s',
      `TIDEGATE_IDEMPOTENCY_RETENTION "30s" is not valid: use a duration of at least a minute`,
    ],
    [
      'worker',
      'TIDEGATE_ISOLATED_TASKS',
      '0',
      'TIDEGATE_ISOLATED_TASKS "0" is not valid: use a whole number from 1 to 1000',
    ],
    ['worker', 'TIDEGATE_LOG_LEVEL', 'loud', 'TIDEGATE_LOG_LEVEL "loud" is not valid: use one of trace'],
    ['api', 'TIDEGATE_LOG_LEVEL', 'loud', 'TIDEGATE_LOG_LEVEL "loud" is not valid: use one of trace'],
    ['worker', 'TIDEGATE_PROJECT', '/nowhere', '/nowhere has no tidegate.config.ts'],
    ['api', 'DATABASE_URL', 'another database', 'belongs to another Tidegate project'],
    ['worker', 'DATABASE_URL', 'another database', 'belongs to another Tidegate project'],
  ] as const;
  let other: TestDatabase;
  let refused: readonly TidegateProcess[];

  // All at once: most of them only wait.
  beforeAll(async () => {
    other = await createTestDatabase();
    refused = wrong.map(([name, variable, value]) =>
      startProcess(name, { ...variables, [variable]: value === 'another database' ? other.url : value }),
    );
  });

  afterAll(() => other.drop());

  it.each(wrong.map((line, index) => [...line, index] as const))(
    'says in one line, as %s, what is wrong with %s=%s',
    async (_name, _variable, _value, message, index) => {
      const status = await refused[index]?.status;
      const errors = refused[index]?.errors() ?? '';
      expect({ status, errors }).toEqual({ status: 2, errors: expect.stringContaining(message) });
      expect(errors.trimEnd().split('\n')).toHaveLength(1);
      expect(errors).not.toContain('secret');
    },
    90_000,
  );
});
