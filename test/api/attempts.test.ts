import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { ClearedTaskInstances, DagRunAttemptCollection } from '../../api/contract/clearing.ts';
import { DagRun } from '../../api/contract/dag-runs.ts';
import { TaskInstanceCollection, TaskLogs } from '../../api/contract/task-instances.ts';
import { dag } from '../../sdk/index.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const latch = aLatch();
const load = dag('load', {}, (d) => {
  const fetch = d.task('fetch', async ({ log, run }) => {
    log.info('fetched', { attempt: run.attempt });
    if (run.conf['hold'] === true) await latch.opened;
  });
  d.task('store', { needs: [fetch] }, async ({ run }) => {
    if (run.conf['fail'] === true && run.attempt === 1) throw new Error('it broke');
  });
});

const told = dag('told', {}, (d) => {
  const list = d.task('list', async () => [1, 2]);
  d.map('each', list, async ({ item, run }) => {
    if (item === 2 && run.attempt === 1) throw new Error('it broke');
  });
  d.map('most', list, { toleratedFailures: 1 }, async ({ item }) => {
    if (item === 2) throw new Error('it broke');
  });
  d.onFailure('page', {}, ({ log }) => log.info('paged'));
  d.onSuccess('cheer', {}, () => undefined);
});

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate([load, told]);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(async () => {
  latch.open();
  await tidegate.stop();
});

const path = (runId: string) => `/api/v2/dags/load/dagRuns/${runId}`;
const failedRun = async () => {
  const runId = await tidegate.trigger('load', { fail: true });
  expect(await tidegate.closed('load', runId)).toMatchObject({ state: 'failed' });
  return runId;
};
const inAttempt = (runId: string, attempt: number) =>
  eventually(async () => {
    const { body } = await http.get(path(runId));
    const run = DagRun.strict().parse(body);
    return run.attempt === attempt && run.end_date !== null && run;
  });
const clearTasks = (body: object) => http.post('/api/v2/dags/load/clearTaskInstances').send(body);

describe('clearing tasks', () => {
  it('only says what would run, unless it is told to run it', async () => {
    const runId = await failedRun();
    const dry = await clearTasks({ dag_run_id: runId });
    expect(dry.status).toBe(200);
    expect(ClearedTaskInstances.strict().parse(dry.body)).toMatchObject({
      task_instances: [{ task_id: 'store', state: 'failed' }],
      ...{ total_entries: 1, kept_task_ids: ['fetch'], attempt: 2 },
    });
    expect((await http.get(path(runId))).body).toMatchObject({ state: 'failed', attempt: 1 });
    const done = await clearTasks({ dag_run_id: runId, dry_run: false, who: 'ada' });
    expect(done.body).toMatchObject({ task_instances: [{ task_id: 'store', state: 'failed' }], attempt: 2 });
    expect(await inAttempt(runId, 2)).toMatchObject({ state: 'success', state_reason: null });
  });

  it('takes what lies before and behind, whatever became of it', async () => {
    const runId = await failedRun();
    const rest = { dag_run_id: runId, only_failed: false };
    const ids = async (body: object) =>
      ClearedTaskInstances.parse((await clearTasks(body)).body).task_instances.map(({ task_id }) => task_id);
    expect(await ids({ ...rest, task_ids: ['fetch'] })).toEqual(['fetch']);
    expect(await ids({ ...rest, task_ids: ['fetch'], include_downstream: true })).toEqual(['fetch', 'store']);
    expect(await ids({ ...rest, task_ids: ['store'], include_upstream: true })).toEqual(['fetch', 'store']);
  });

  it.each<[string, object, number, RegExp]>([
    ['an unknown task', { task_ids: ['stor'] }, 404, /did you mean 'store'/],
    ['an unknown run', { dag_run_id: 'nobody' }, 404, /has no run "nobody"/],
    ['no task', { task_ids: [] }, 409, /no task was named/],
    ['an attempt that is no more', { attempt: 7 }, 409, /is at attempt 1 by now/],
  ])('refuses %s', async (_, body, status, detail) => {
    const runId = await failedRun();
    const answer = await clearTasks({ dag_run_id: runId, ...body });
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(detail)]);
  });

  it("refuses what means several runs, as its fields are Airflow's but may only say what there is", async () => {
    const runId = await failedRun();
    expect((await clearTasks({ dag_run_id: runId, include_future: true })).status).toBe(422);
    expect((await clearTasks({ dag_run_id: runId, include_past: false, reset_dag_runs: true })).status).toBe(
      200,
    );
    expect((await clearTasks({ dag_run_id: runId, dryrun: false })).status).toBe(422);
  });
});

describe('what a run shows beside its plain tasks', () => {
  const of = (runId: string) => `/api/v2/dags/told/dagRuns/${runId}`;
  let runId: string;
  beforeAll(async () => {
    runId = await tidegate.trigger('told');
    expect(await tidegate.closed('told', runId)).toMatchObject({ state: 'failed' });
  });
  const cleared = async () => {
    const { body } = await http.post(`${of(runId)}/clear`).send({ only_failed: true });
    return ClearedTaskInstances.parse(body);
  };

  it('is a mapped task by its instances, also where it is cleared or marked', async () => {
    const mapped = { task_id: 'each', state: 'failed', instances: { success: 1, failed: 1 } };
    const listed = await http.get(`${of(runId)}/taskInstances`);
    expect(TaskInstanceCollection.parse(listed.body).task_instances).toMatchObject([
      ...[{ task_id: 'list' }, mapped],
      // Tolerated failures.
      { task_id: 'most', state: 'success', instances: { success: 1, failed: 1 } },
      { task_id: 'page', state: 'success' },
    ]);
    // Of those that run again each by itself, where others are kept.
    expect((await cleared()).task_instances).toMatchObject([
      { task_id: 'each', map_index: 1, state: 'failed', instances: null },
    ]);
    const { body } = await http.patch(`${of(runId)}/taskInstances/each`).send({ new_state: 'failed' });
    expect(TaskInstanceCollection.parse(body).task_instances).toMatchObject([
      { state: 'failed', instances: { failed: 2 } },
    ]);
  });

  it('is a callback that was called: it has a log, but is neither kept nor marked', async () => {
    const { body } = await http.get(`${of(runId)}/taskInstances/page/logs/1`);
    expect(TaskLogs.parse(body).content).toMatchObject([{ event: 'paged' }]);
    expect((await http.get(`${of(runId)}/taskInstances/cheer/logs/1`)).body.code).toBe('unknown_task');
    expect(await cleared()).toMatchObject({
      ...{ kept_task_ids: ['list', 'most'], total_entries: 1 },
      task_instances: [{ map_index: -1, instances: { failed: 2 } }],
    });
    const marked = await http.patch(`${of(runId)}/taskInstances/page`).send({ new_state: 'failed' });
    expect([marked.status, marked.body.code]).toEqual([404, 'unknown_task']);
  });
});

describe('clearing a run', () => {
  it('retries what failed of it, or runs it again whole, and its attempts are listed with what was said', async () => {
    const runId = await failedRun();
    const dry = await http.post(`${path(runId)}/clear`).send({ only_failed: true });
    expect(ClearedTaskInstances.parse(dry.body).kept_task_ids).toEqual(['fetch']);
    const retried = await http.post(`${path(runId)}/clear`).send({ only_failed: true, dry_run: false });
    expect(DagRun.strict().parse(retried.body)).toMatchObject({ attempt: 2, dag_run_id: runId });
    await inAttempt(runId, 2);
    const kept = await http.get(`${path(runId)}/taskInstances`);
    expect(TaskInstanceCollection.parse(kept.body).task_instances).toMatchObject([
      { task_id: 'fetch', state: 'success', attempt: 1 },
      { task_id: 'store', state: 'success', attempt: 2 },
    ]);
    const { body } = await http.get(`${path(runId)}/taskInstances/fetch/logs/1`);
    expect(TaskLogs.parse(body).content).toMatchObject([{ event: 'fetched', attempt: 1 }]);

    await http.post(`${path(runId)}/clear`).send({ dry_run: false, who: 'ada' });
    await inAttempt(runId, 3);
    await http.patch(path(runId)).send({ state: 'failed', note: 'the numbers are wrong', who: 'ada' });
    const listed = DagRunAttemptCollection.parse((await http.get(`${path(runId)}/attempts`)).body);
    expect(listed).toMatchObject({
      attempts: [
        {
          attempt: 1,
          state: 'failed',
          state_reason: 'task store failed',
          why: null,
          task_ids: null,
          marks: [],
        },
        { attempt: 2, state: 'success', why: 'retry', who: 'api', task_ids: ['store'] },
        {
          ...{ attempt: 3, state: 'failed', why: 're-run', who: 'ada', task_ids: ['fetch', 'store'] },
          temporal_workflow_id: `dag/load/run/${runId}/3`,
          marks: [
            { task_id: null, was: 'success', became: 'failed', who: 'ada', note: 'the numbers are wrong' },
          ],
        },
      ],
      total_entries: 3,
    });
    expect((await http.get(path(runId))).body).toMatchObject({
      ...{
        state: 'failed',
        state_reason: 'marked failed by ada',
        note: 'the numbers are wrong',
        wanted_state: null,
      },
    });
  });

  it('is refused while it is open, and of a DAG that was removed', async () => {
    const ended = await failedRun();
    const runId = await tidegate.trigger('load', { hold: true });
    await eventually(async () => (await http.get(path(runId))).body.state === 'running');
    const open = await http.post(`${path(runId)}/clear`).send({});
    expect(open.status).toBe(409);
    expect(open.body).toMatchObject({
      ...{
        code: 'run_conflict',
        detail: expect.stringMatching(/is running \(attempt 1\): cancel it, or wait/),
      },
    });
    // A task that has not ended can be marked, once.
    const markStore = (new_state: string) =>
      http.patch(`${path(runId)}/taskInstances/store`).send({ new_state });
    expect((await markStore('skipped')).body.task_instances).toMatchObject([
      { task_id: 'store', state: 'skipped' },
    ]);
    const task = await markStore('success');
    expect([task.status, task.body.detail]).toEqual([
      409,
      expect.stringContaining('only tasks that have not ended can be marked'),
    ]);
    latch.open();
    await tidegate.closed('load', runId);
    await tidegate.deploy([]);
    const removed = await http.post(`${path(ended)}/clear`).send({ only_failed: true, dry_run: false });
    expect([removed.status, removed.body.detail]).toEqual([409, expect.stringContaining('was removed')]);
  });
});

describe('marking', () => {
  it('changes a task of a run that has ended, and says who did', async () => {
    const [run] = await tidegate.runsOf('load');
    const runId = run?.run_id ?? '';
    const task = `${path(runId)}/taskInstances/fetch`;
    const marked = await http.patch(task).send({ new_state: 'skipped', who: 'ada', note: 'empty' });
    expect(TaskInstanceCollection.parse(marked.body)).toMatchObject({
      task_instances: [{ task_id: 'fetch', state: 'skipped', is_marked: true }],
    });
    const { body } = await http.get(`${path(runId)}/attempts`);
    expect(DagRunAttemptCollection.parse(body).attempts.at(-1)).toMatchObject({
      marks: [{ task_id: 'fetch', was: 'success', became: 'skipped', who: 'ada', note: 'empty' }],
    });
    expect((await http.patch(`${task}s`).send({ new_state: 'failed' })).body.code).toBe('unknown_task');
    expect((await http.patch(task).send({ new_state: 'removed' })).status).toBe(422);
  });

  it('of a run takes a state, a note or both, and nothing else', async () => {
    const [run] = await tidegate.runsOf('load');
    const at = path(run?.run_id ?? '');
    expect((await http.patch(at).send({ note: 'only this' })).body).toMatchObject({ note: 'only this' });
    expect((await http.patch(at).send({})).status).toBe(422);
    expect((await http.patch(at).send({ state: 'queued' })).status).toBe(422);
    expect((await http.patch(path('nobody')).send({ state: 'failed' })).body.code).toBe('unknown_run');
  });
});
