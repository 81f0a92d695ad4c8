import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DagRun, DagRunCollection } from '../../api/contract/dag-runs.ts';
import { TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { type Api, createApi } from '../../cli/api-client.ts';
import { createTestPlace, type TestPlace } from '../support/place.ts';
import { startApiProcess, startProcess, type TidegateProcess } from '../support/processes.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';
import { eventually } from '../support/tidegate.ts';

// Each task writes down what it comes across, and waits for a file of its name: so nothing hangs on how fast the machine is.
const dags = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { asset, dag } from 'tidegate';

const done = asset('s3://drain/done');
const file = (name) => new URL('../' + name, import.meta.url).pathname;
const say = (line) => appendFileSync(file('said.txt'), line + '\\n');

export const ends = dag('ends', {}, (d) => {
  d.task('work', { outlets: [done] }, async () => {
    say('ends began');
    while (!existsSync(file('go'))) await sleep(50);
  });
});
export const after = dag('after', { schedule: done }, (d) => void d.task('work', async () => undefined));
export const long = dag('long', {}, (d) => {
  d.task('work', async ({ try: number, signal, heartbeat, heartbeatDetails }) => {
    say('long began ' + number + ' ' + JSON.stringify(heartbeatDetails));
    if (number > 1) return process.pid;
    heartbeat({ page: 41 });
    await new Promise((_, stop) => signal.addEventListener('abort', () => stop(signal.reason)));
  });
});
`;

let place: TestPlace;
let project: TempProject;
let variables: NodeJS.ProcessEnv;
let api: TidegateProcess;
let http: Api;
const workers: TidegateProcess[] = [];

beforeAll(async () => {
  [place, project] = await Promise.all([
    createTestPlace(),
    makeTempProject({ 'dags/drain.ts': dags, 'said.txt': '' }),
  ]);
  variables = { ...place.variables, TIDEGATE_PROJECT: project.folder };
  const started = await startApiProcess(variables);
  api = started.api;
  http = createApi(started.url);
});

afterAll(async () => {
  for (const each of [api, ...workers]) each.kill('SIGKILL');
  await Promise.all([api, ...workers].map(({ status }) => status));
  await project.remove();
  await place.remove();
});

const startWorker = async (drainTimeout: string): Promise<TidegateProcess> => {
  const worker = startProcess('worker', { ...variables, TIDEGATE_DRAIN_TIMEOUT: drainTimeout });
  workers.push(worker);
  await worker.writes('"worker ready"');
  return worker;
};
const said = async (line: string | RegExp): Promise<void> => {
  await eventually(async () => {
    const text = await readFile(join(project.folder, 'said.txt'), 'utf8');
    return typeof line === 'string' ? text.includes(line) : line.test(text);
  });
};
const write = async (name: string): Promise<void> => {
  await writeFile(join(project.folder, name), '');
};
const trigger = (dagId: string, dag_run_id: string): Promise<DagRun> =>
  http.send('POST', DagRun, `/api/v2/dags/${dagId}/dagRuns`, { dag_run_id });
const taskOf = async (dagId: string, runId: string) => {
  const path = `/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances`;
  const [task] = (await http.get(TaskInstanceCollection, path)).task_instances;
  return task;
};
const runsOf = async (dagId: string): Promise<readonly DagRun[]> =>
  (await http.get(DagRunCollection, `/api/v2/dags/${dagId}/dagRuns`)).dag_runs;
const succeeded = (dagId: string, runId: string): Promise<true> =>
  eventually(async () => (await taskOf(dagId, runId))?.state === 'success', 60_000);

describe('a worker that is told to stop', () => {
  it('lets its task end and what it recorded be sent, takes nothing new, and ends with 0', async () => {
    const worker = await startWorker('5 minutes');
    await trigger('ends', 'one');
    await said('ends began');
    worker.kill('SIGTERM');
    await worker.writes('"worker drains"');
    await trigger('long', 'untaken');
    await write('go');
    expect(await worker.status).toBe(0);
    expect(worker.output()).not.toContain('worker hands its tasks back');
    expect(await taskOf('ends', 'one')).toMatchObject({ state: 'success', try_number: 1 });
    expect(await taskOf('long', 'untaken')).not.toMatchObject({ try_number: 1 });
  });

  it('hands back what does not end in time: no failure, and the next worker goes on from its heartbeat', async () => {
    // The run that waited for a worker is the one that is handed back.
    const first = await startWorker('1 second');
    await said('long began 1 null');
    first.kill('SIGTERM');
    expect(await first.status).toBe(0);
    expect(first.output()).toMatch(
      /"tasks":1,.*"msg":"worker hands its tasks back"|"msg":"worker hands its tasks back".*"tasks":1/,
    );
    expect(await taskOf('long', 'untaken')).toMatchObject({ state: 'up_for_retry', try_number: 1 });
    const second = await startWorker('1 second');
    await said('long began 2 {"page":41}');
    await succeeded('long', 'untaken');
    // Without a retry of its author a failure would have ended it.
    expect(await taskOf('long', 'untaken')).toMatchObject({ state: 'success', try_number: 2, max_tries: 0 });
    // What the first of them recorded while it drained was sent once.
    await eventually(
      async () => (await runsOf('after')).filter(({ state }) => state === 'success').length > 0,
      60_000,
    );
    expect(await runsOf('after')).toHaveLength(1);
    second.kill('SIGTERM');
    expect(await second.status).toBe(0);
  });

  it('hands everything back at once when it is told a second time', async () => {
    const worker = await startWorker('1 hour');
    await trigger('long', 'hurried');
    await said(/long began 1 null\n[^]*long began 1 null\n/);
    worker.kill('SIGTERM');
    await worker.writes('"worker drains"');
    await eventually(async () => {
      worker.kill('SIGTERM');
      return worker.output().includes('it was told to hurry');
    });
    expect(await worker.status).toBe(0);
    await startWorker('1 second');
    await succeeded('long', 'hurried');
  });
});
