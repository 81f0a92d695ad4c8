import supertest from 'supertest';
import { z } from 'zod';
import { createApp } from '../../api/app.ts';
import { parseDagId } from '../../core/ids.ts';
import { cron, dag } from '../../sdk/index.ts';
import { readKnownTimes } from '../../store/missed-times.ts';
import { setPaused } from '../../temporal/control.ts';
import { requestTick } from '../../temporal/request-run.ts';
import { everything } from '../support/attempts.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const latch = aLatch();
const one = { maxActiveRuns: 1, maxQueuedRuns: { max: 1, policy: 'fold' } } as const;
const dags = [
  dag('folds', { ...one, params: z.object({ n: z.number().default(0) }) }, (d) => {
    d.task('work', async ({ run }) => {
      if (run.conf['n'] === 1) await latch.opened;
      return run.conf['n'] ?? null;
    });
  }),
  dag('timed', { ...one, schedule: cron('0 0 1 1 *') }, (d) => void d.task('work', async () => 1)),
  dag('again', one, (d) => void d.task('work', async () => 1)),
];

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(() => tidegate.stop());

const ask = async (dagId: string, body: object = {}) => {
  const { status, body: answer } = await http.post(`/api/v2/dags/${dagId}/dagRuns`).send(body);
  return { status, ...answer };
};

describe('a queue that folds', () => {
  it('makes what comes then part of the newest that waits, with its conf, and answers with that run', async () => {
    await ask('folds', { dag_run_id: 'one', conf: { n: 1 } });
    await eventually(async () => (await tidegate.tasksOf('folds', 'one')).length === 1);
    expect(await ask('folds', { dag_run_id: 'two', conf: { n: 2 }, note: 'second' })).toMatchObject({
      ...{ status: 200, dag_run_id: 'two', was_folded: false, folded_requests: 0 },
    });
    expect(await ask('folds', { dag_run_id: 'three', conf: { n: 3 } })).toMatchObject({
      ...{
        status: 200,
        dag_run_id: 'two',
        was_folded: true,
        folded_requests: 1,
        conf: { n: 3 },
        note: 'second',
      },
    });
    expect(await ask('folds', { dag_run_id: 'four', conf: { n: 4 } })).toMatchObject({ dag_run_id: 'two' });
    // The same request once more is what it was, also of the run that waits itself.
    expect(await ask('folds', { dag_run_id: 'three', conf: { n: 3 } })).toMatchObject({
      ...{ status: 200, dag_run_id: 'two', was_folded: true, folded_requests: 2, conf: { n: 4 } },
    });
    expect(await ask('folds', { dag_run_id: 'two' })).toMatchObject({ status: 409, code: 'run_exists' });
    expect(await ask('folds', { conf: { n: 'many' } })).toMatchObject({ status: 400, code: 'invalid_input' });

    latch.open();
    await tidegate.runsClosed('folds', 2);
    expect(await tidegate.resultsOf('folds', 2)).toEqual([1, 4]);
    expect(await ask('folds', { dag_run_id: 'four' })).toMatchObject({ dag_run_id: 'two', state: 'success' });
  });

  it('lists the times of its schedule that became part of a run, and has none of them missing', async () => {
    const dagId = parseDagId('timed');
    await setPaused(tidegate.deps, dagId, true);
    const times = [1_000_000, 2_000_000, 3_000_000];
    for (const nominalAt of [...times, 2_000_000])
      await requestTick(tidegate.deps, dagId, { nominalAt, previousAt: nominalAt - 1_000_000 });
    const [run, ...others] = (await http.get('/api/v2/dags/timed/dagRuns')).body.dag_runs;
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      folded_requests: 2,
      ticks: times.map((at) => new Date(at).toISOString()),
      data_interval_start: new Date(0).toISOString(),
      data_interval_end: new Date(3_000_000).toISOString(),
    });
    expect([...(await readKnownTimes(tidegate.deps.db, dagId, times))].toSorted((a, b) => a - b)).toEqual(
      times,
    );

    // A request by hand becomes part of it as well.
    expect(await ask('timed')).toMatchObject({ dag_run_id: run.dag_run_id, folded_requests: 3 });
    await setPaused(tidegate.deps, dagId, false);
    expect(await tidegate.runsClosed('timed', 1)).toMatchObject([{ state: 'success', folded: 3 }]);
  });

  it('makes nothing part of a run that runs again', async () => {
    await ask('again', { dag_run_id: 'first' });
    await tidegate.runsClosed('again', 1);
    await setPaused(tidegate.deps, parseDagId('again'), true);
    const { status } = await http
      .post('/api/v2/dags/again/dagRuns/first/clear')
      .send({ dry_run: false, only_failed: everything.onlyFailed });
    expect(status).toBe(200);
    expect(await ask('again', { dag_run_id: 'second' })).toMatchObject({ status: 429, code: 'queue_full' });
  });

  it('takes no more than its limit from any number of requests at once, and loses none', async () => {
    await setPaused(tidegate.deps, parseDagId('folds'), true);
    const before = await tidegate.runsOf('folds');
    await Promise.all(Array.from({ length: 30 }, (_, n) => ask('folds', { conf: { n: n + 10 } })));
    const [run, ...others] = (await tidegate.runsOf('folds')).slice(before.length);
    expect(others).toEqual([]);
    expect(run?.folded).toBe(29);
    await setPaused(tidegate.deps, parseDagId('folds'), false);
    await tidegate.runsClosed('folds', before.length + 1);
  });
});
