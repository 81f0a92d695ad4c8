import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { parseDagId } from '../../core/ids.ts';
import { cron, dag } from '../../sdk/index.ts';
import { setPaused } from '../../temporal/control.ts';
import { requestTick } from '../../temporal/request-run.ts';
import { seeingDags } from '../support/seeing.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const { seeing, hold } = seeingDags();
const limited = (id: string, policy: 'reject' | 'drop_oldest', max = 2) =>
  seeing(id, { maxActiveRuns: 1, maxQueuedRuns: { max, policy } });
const dags = [
  limited('rejects', 'reject'),
  limited('drops', 'drop_oldest'),
  limited('crowded', 'reject', 3),
  limited('raced', 'drop_oldest', 2),
  seeing('wide', { maxActiveRuns: 8, maxQueuedRuns: 1 }),
  dag('timed', { schedule: cron('0 0 1 1 *'), maxQueuedRuns: 1 }, (d) => void d.task('work', () => 1)),
];

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(() => tidegate.stop());

const ask = async (dagId: string, dag_run_id?: string) => {
  const { status, body } = await http.post(`/api/v2/dags/${dagId}/dagRuns`).send({ dag_run_id });
  return { status, code: body.code, detail: body.detail };
};
const statesOf = async (dagId: string) =>
  (await tidegate.runsOf(dagId)).map(({ run_id, state }) => [run_id, state]);
const isIdle = (dagId: string) =>
  eventually(async () => (await tidegate.gate(dagId)).activeRuns.length === 0);

describe('a DAG with a full queue', () => {
  it('rejects what comes then, and takes more when a run has ended', async () => {
    const latch = hold('rejects');
    await ask('rejects', 'one');
    await eventually(async () => (await tidegate.tasksOf('rejects', 'one')).length === 1);
    expect(await ask('rejects', 'two')).toMatchObject({ status: 200 });
    expect(await ask('rejects', 'three')).toMatchObject({ status: 200 });
    expect(await ask('rejects', 'four')).toEqual({
      ...{ status: 429, code: 'queue_full' },
      detail: expect.stringMatching(
        /^DAG rejects has 2 runs waiting for one of its 1 slots, .+ or raise it$/,
      ),
    });
    // Asking again for what waits is no new request.
    expect(await ask('rejects', 'two')).toMatchObject({ status: 409, code: 'run_exists' });
    latch.open();
    await tidegate.runsClosed('rejects', 3);
    expect(await ask('rejects', 'four')).toMatchObject({ status: 200 });
    await tidegate.runsClosed('rejects', 4);
    expect((await statesOf('rejects')).map(([id]) => id)).toEqual(['one', 'two', 'three', 'four']);
    const { body } = await http.get('/api/v2/dags/rejects/details');
    expect(body.max_queued_runs).toEqual({ max: 2, policy: 'reject' });
  });

  it('drops the oldest that waits where it says so, which fails with that reason and holds no slot', async () => {
    const latch = hold('drops');
    await ask('drops', 'one');
    await eventually(async () => (await tidegate.tasksOf('drops', 'one')).length === 1);
    for (const id of ['two', 'three', 'four', 'five'])
      expect(await ask('drops', id)).toMatchObject({ status: 200 });
    expect(await statesOf('drops')).toEqual([
      ...[
        ['one', 'running'],
        ['two', 'failed'],
        ['three', 'failed'],
      ],
      ...[
        ['four', 'queued'],
        ['five', 'queued'],
      ],
    ]);
    const { body } = await http.get('/api/v2/dags/drops/dagRuns/two');
    expect(body.state_reason).toBe('dropped for a newer request: 2 may wait (maxQueuedRuns)');
    latch.open();
    const runs = await tidegate.runsClosed('drops', 5);
    expect(runs.filter(({ state }) => state === 'success').map(({ run_id }) => run_id)).toEqual([
      'one',
      'four',
      'five',
    ]);
    await isIdle('drops');
  });

  it('takes no more than its limit from any number of requests at once', async () => {
    await setPaused(tidegate.deps, parseDagId('crowded'), true);
    const asked = await Promise.all(Array.from({ length: 30 }, () => ask('crowded')));
    expect(asked.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(asked.filter(({ status }) => status === 429)).toHaveLength(27);
    await setPaused(tidegate.deps, parseDagId('crowded'), false);
    expect(await tidegate.runsClosed('crowded', 3)).toHaveLength(3);
  });

  it('never drops what was let in, however requests and slots race', async () => {
    await Promise.all(Array.from({ length: 40 }, () => ask('raced')));
    const runs = await tidegate.runsClosed('raced', 40);
    const dropped = runs.filter(({ state }) => state === 'failed');
    expect(dropped.filter(({ started_at }) => started_at !== null)).toEqual([]);
    for (const { reason } of dropped) expect(reason).toMatch(/^dropped for a newer request/);
    for (const { run_id } of dropped) expect(await tidegate.tasksOf('raced', run_id)).toEqual([]);
    await isIdle('raced');
    await ask('raced');
    await tidegate.runsClosed('raced', 41);
  });

  it('is not full while slots are free, however fast runs are asked for', async () => {
    const asked = await Promise.all(Array.from({ length: 8 }, () => ask('wide')));
    expect(asked.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    await tidegate.runsClosed('wide', 8);
  });

  it('has no run for a time of its schedule that finds it full, and says so', async () => {
    const dagId = parseDagId('timed');
    await setPaused(tidegate.deps, dagId, true);
    for (const nominalAt of [1_000_000, 2_000_000])
      await requestTick(tidegate.deps, dagId, { nominalAt, previousAt: null });
    expect(await tidegate.runsOf('timed')).toHaveLength(1);
    expect(tidegate.logged.filter((line) => line.includes('the queue is full'))).toHaveLength(1);
  });
});
