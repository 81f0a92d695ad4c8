import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { ClearedTaskInstances, DagRunAttemptCollection } from '../../api/contract/clearing.ts';
import { DagRun } from '../../api/contract/dag-runs.ts';
import { TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { mappedWorkflowId } from '../../core/workflow-names.ts';
import { dag } from '../../sdk/index.ts';
import { attemptClosed } from '../support/attempts.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const latch = aLatch();
const load = dag('load', {}, (d) => {
  const list = d.task('list', async () => ['a', 'b', 'c']);
  const each = d.map('each', list, async ({ item, run }) => {
    if (item === 'b' && run.attempt === 1) throw new Error('it broke');
    if (run.conf['hold'] === true) await latch.opened;
  });
  d.task('all', { needs: [each] }, async () => undefined);
});
/** More instances than one answer lists, of which all but one fail at first. */
const wide = dag('wide', {}, (d) => {
  const list = d.task('list', async () => Array.from({ length: 1_003 }, (_, index) => index));
  d.map('each', list, async ({ item, run }) => {
    if (item !== 0 && run.attempt === 1) throw new Error('it broke');
  });
});

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
let runId: string;
beforeAll(async () => {
  tidegate = await startTidegate([load, wide]);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(async () => {
  latch.open();
  await tidegate.stop();
});
beforeEach(async () => {
  runId = await tidegate.trigger('load');
  await tidegate.closed('load', runId);
});

const at = (path: string) => `/api/v2/dags/load/dagRuns/${runId}${path}`;
const clear = (body: object) =>
  http.post('/api/v2/dags/load/clearTaskInstances').send({ dag_run_id: runId, only_failed: false, ...body });
/** What is wrong, also where a contract refuses it. */
const textOf = (detail: unknown) => (typeof detail === 'string' ? detail : JSON.stringify(detail));
const attempt = async () => DagRun.parse((await http.get(at(''))).body).attempt;

describe('clearing instances of a mapped task', () => {
  it('only says which would run, one by one, unless it is told to run them', async () => {
    const task_ids = ['all', ['each', 2], ['each', 1]];
    const was = [
      { id: `load/${runId}/each/1`, task_id: 'each', map_index: 1, state: 'failed', attempt: 1 },
      { id: `load/${runId}/each/2`, task_id: 'each', map_index: 2, state: 'success', attempt: 1 },
      { task_id: 'all', map_index: -1, state: 'upstream_failed' },
    ];
    const rest = { total_entries: 3, kept_task_ids: ['list'], attempt: 2 };
    const dry = await clear({ task_ids });
    expect(ClearedTaskInstances.strict().parse(dry.body)).toMatchObject({ task_instances: was, ...rest });
    expect(await attempt()).toBe(1);
    const asked = { task_ids, dry_run: false, attempt: 1 };
    expect((await clear(asked)).body).toMatchObject({ task_instances: was, ...rest });
    await eventually(async () => (await http.get(at(''))).body.state === 'success');
    // An answer that was lost: the same once more says the same, and runs nothing.
    expect((await clear(asked)).body).toMatchObject({ task_instances: was, ...rest });
    expect(await attempt()).toBe(2);
    const { body } = await http.get(at('/taskInstances/each/listMapped'));
    expect(TaskInstanceCollection.parse(body).task_instances).toMatchObject([
      { map_index: 0, attempt: 1 },
      { map_index: 1, attempt: 2 },
      { map_index: 2, attempt: 2 },
    ]);
  });

  it.each<[string, object, number, RegExp]>([
    [
      'of a task that is not mapped',
      { task_ids: [['list', 0]] },
      400,
      /"list" with map index 0 is not mapped/,
    ],
    ['behind the last', { task_ids: [['each', 3]] }, 404, /this run has 3 instances of it, from 0 to 2/],
    [
      'with what they are mapped over',
      { task_ids: [['each', 1]], include_upstream: true },
      409,
      /mapped over, runs again/,
    ],
    ['that did not fail', { task_ids: [['each', 0]], only_failed: true }, 409, /none of these tasks failed/],
    ['below 0', { task_ids: [['each', -1]] }, 422, /expected number to be >=0/],
    ['in another form', { task_ids: [{ task_id: 'each' }] }, 422, /a task id is expected, or/],
  ])('refuses instances %s', async (_, body, status, detail) => {
    const answer = await clear({ dry_run: false, ...body });
    expect([answer.status, textOf(answer.body.detail)]).toEqual([status, expect.stringMatching(detail)]);
    expect(await attempt()).toBe(1);
  });

  it('lists up to 1,000, says how many there are, and runs each of them, in a workflow that begins anew on the way', async () => {
    const dagRunId = await tidegate.trigger('wide');
    await eventually(async () => (await tidegate.runsOf('wide'))[0]?.ended_at !== null, 60_000);
    const answer = await http
      .post('/api/v2/dags/wide/clearTaskInstances')
      .send({ dag_run_id: dagRunId, only_failed: true });
    const { task_instances, total_entries } = ClearedTaskInstances.parse(answer.body);
    expect([task_instances.length, task_instances[0]?.map_index, total_entries]).toEqual([1_000, 1, 1_002]);
    const again = `/api/v2/dags/wide/dagRuns/${dagRunId}/clear`;
    await http.post(again).send({ only_failed: true, dry_run: false });
    const { state } = await attemptClosed(tidegate, ['wide', dagRunId], 2);
    expect(state).toBe('success');
    const rows = (await tidegate.tasksOf('wide', dagRunId)).filter(
      (row) => row.attempt === 2 && row.map_index >= 0,
    );
    expect(rows.map(({ try: number, ran_in }) => [number, ran_in])).toEqual(
      Array.from({ length: 1_003 }, (_, index) => [1, index === 0 ? 1 : null]),
    );
    const dagId = parseDagId('wide');
    const id = mappedWorkflowId(dagId, parseRunId(dagId, dagRunId), 2, parseTaskId('each'));
    const { events } = await tidegate.deps.temporal.client.workflow.getHandle(id).fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).not.toBe('');
  });
});

describe('marking one instance of a mapped task', () => {
  it('changes it alone, and says who did', async () => {
    const body = { new_state: 'success', who: 'ada', note: 'by hand' };
    const marked = await http.patch(at('/taskInstances/each/1')).send(body);
    expect(TaskInstanceCollection.strict().parse(marked.body)).toMatchObject({
      ...{
        task_instances: [{ task_id: 'each', map_index: 1, state: 'success', is_marked: true }],
        total_entries: 1,
      },
    });
    const { attempts } = DagRunAttemptCollection.parse((await http.get(at('/attempts'))).body);
    expect(attempts).toMatchObject([
      {
        marks: [
          { task_id: 'each', map_index: 1, was: 'failed', became: 'success', who: 'ada', note: 'by hand' },
        ],
      },
    ]);
    const dry = await http.post(at('/clear')).send({ only_failed: true });
    expect(ClearedTaskInstances.parse(dry.body).kept_task_ids).toEqual(['list', 'each']);
  });

  it.each<[string, string, number, RegExp]>([
    ['behind the last', 'each/3', 404, /this run has 3 instances/],
    ['far behind it', 'each/999999999999', 404, /this run has 3 instances/],
    ['of a task that is not mapped', 'list/0', 400, /is not mapped/],
    ['of an unknown task', 'eac/0', 404, /did you mean 'each'/],
    ['that is no number', 'each/first', 422, /a whole number is expected/],
  ])('refuses one %s', async (_, task, status, detail) => {
    const { body, status: answered } = await http
      .patch(at(`/taskInstances/${task}`))
      .send({ new_state: 'failed' });
    expect([answered, textOf(body.detail)]).toEqual([status, expect.stringMatching(detail)]);
  });

  it('is refused while the run goes on', async () => {
    runId = await tidegate.trigger('load', { hold: true });
    await eventually(async () =>
      (await tidegate.tasksOf('load', runId)).some(({ map_index }) => map_index === 0),
    );
    const { body, status } = await http.patch(at('/taskInstances/each/0')).send({ new_state: 'failed' });
    expect([status, body.detail]).toEqual([
      409,
      expect.stringMatching(/instances of it may run: mark it when/),
    ]);
  });
});
