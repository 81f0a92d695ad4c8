import { DagRun } from '../../api/contract/dag-runs.ts';
import { PoolCollection, PoolDetails } from '../../api/contract/pools.ts';
import { TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { dag } from '../../sdk/index.ts';
import { runHere } from '../cli/run-command.ts';
import { aLatch } from '../support/latch.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const latch = aLatch();
const hold = dag('hold', {}, (d) => void d.task('work', { pool: 'warehouse' }, () => latch.opened));
const spread = dag('spread', {}, (d) => {
  const list = d.task('list', async () => ['de', 'fr', 'it']);
  d.map('each', list, { pool: { name: 'warehouse', slots: 2, key: 'maps' } }, async () => undefined);
});
const whole = dag('whole', { pool: { name: 'warehouse', key: 'maps' } }, (d) => void d.task('work', () => 1));
const pools = [
  { name: 'calls', rate: { starts: 10, perMs: 60_000 } },
  { name: 'warehouse', slots: 2, slotsPerKey: 2 },
];

let tidegate: Tidegate;
let served: ServedApi;
beforeAll(async () => {
  tidegate = await startTidegate([hold, spread, whole], { pools });
  served = await serveApi(tidegate.deps);
});
afterAll(async () => {
  latch.open();
  await served.close();
  await tidegate.stop();
});

const command = async (...args: readonly string[]) => {
  const { stdout } = await runHere(args, { env: { TIDEGATE_API_URL: served.url } });
  return stdout;
};
const get = (path: string) => served.http.get(`/api/v2/${path}`);

describe('a pool that somebody waits for', () => {
  let runs: { readonly hold: string; readonly spread: string; readonly whole: string };
  beforeAll(async () => {
    const holding = [await tidegate.trigger('hold'), await tidegate.trigger('hold')];
    await eventually(async () => (await get('pools/warehouse')).body.occupied_slots === 2);
    const spreading = await tidegate.trigger('spread');
    await eventually(async () => (await get('pools/warehouse')).body.waiting === 3);
    runs = { hold: holding[0] ?? '', spread: spreading, whole: await tidegate.trigger('whole') };
    await eventually(async () => (await get('pools/warehouse')).body.waiting === 4);
  });

  it('is listed with how much of it is held', async () => {
    const list = await get('pools');
    expect(PoolCollection.strict().parse(list.body)).toEqual({
      total_entries: 2,
      pools: [
        expect.objectContaining({ name: 'calls', slots: null, rate: { starts: 10, per_seconds: 60 } }),
        {
          ...{ name: 'warehouse', slots: 2, slots_per_key: 2, rate: null, occupied_slots: 2, open_slots: 0 },
          ...{ holders: 2, waiting: 4, next_start_at: null },
        },
      ],
    });
    expect(await command('pools', 'list')).toMatch(
      /POOL +HELD +SLOTS .+\ncalls +0 +- +- +10 in 60 s +0 .+\nwarehouse +2 +2 +2 /,
    );
  });

  it('says who holds its slots, and who waits', async () => {
    const { body } = await get('pools/warehouse?limit=2');
    const { held_by, waited_for_by } = PoolDetails.strict().parse(body);
    expect(held_by.map(({ dag_id, task_id, key }) => [dag_id, task_id, key])).toEqual([
      ['hold', 'work', 'hold'],
      ['hold', 'work', 'hold'],
    ]);
    expect(waited_for_by).toHaveLength(2);
    expect(waited_for_by[0]).toMatchObject({ task_id: 'each', map_index: 0, key: 'maps', slots: 2 });
    const shown = await command('pools', 'get', 'warehouse', '-o', 'json');
    expect(PoolDetails.parse(JSON.parse(shown)).waited_for_by.map(({ dag_id }) => dag_id)).toEqual([
      'spread',
      'spread',
      'spread',
      'whole',
    ]);
  });

  it('keeps tasks queued, which say why', async () => {
    const { body } = await get(`dags/spread/dagRuns/${runs.spread}/taskInstances`);
    const each = TaskInstanceCollection.strict().parse(body).task_instances[1];
    expect(each).toMatchObject({
      ...{ state: 'queued', pool: 'warehouse', pool_slots: 2, instances: { queued: 3 } },
      waits_for: 'waits for a slot of pool warehouse: 2 of 2 held, 0 before it',
    });
    expect(await command('runs', 'show', 'spread', runs.spread)).toMatch(
      /WHY QUEUED[^]+each \(3 queued\) +queued .+waits for a slot of pool warehouse: 2 of 2 held, 0 before it/,
    );
  });

  it('keeps runs queued as a whole, which say why; those that hold it have nothing to say', async () => {
    const { body } = await get(`dags/whole/dagRuns/${runs.whole}`);
    const why = 'waits for a slot of pool warehouse: 2 of 2 held, 3 before it';
    expect(DagRun.strict().parse(body)).toMatchObject({ state: 'queued', waits_for: why });
    expect(await command('runs', 'show', 'whole', runs.whole)).toContain(why);
    const holder = await get(`dags/hold/dagRuns/${runs.hold}/taskInstances`);
    expect(holder.body.task_instances).toMatchObject([{ state: 'running', waits_for: null }]);
  });

  it('is shown in the current details of the run', async () => {
    const { body } = await get(`dags/hold/dagRuns/${await tidegate.trigger('hold')}`);
    await eventually(async () => (await get('pools/warehouse')).body.waiting === 5);
    const handle = tidegate.deps.temporal.client.workflow.getHandle(body.temporal_workflow_id);
    const { currentDetails } = await handle.query<{ readonly currentDetails: string }>(
      '__temporal_workflow_metadata',
    );
    expect(currentDetails).toContain(
      '- ⏳ work: queued, waits for a slot of pool warehouse: 2 of 2 held for key hold, 4 before it',
    );
  });
});

describe('a pool that is not there', () => {
  it('is not found', async () => {
    const { status, body } = await get('pools/warehose');
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'unknown_pool' });
    const { status: exit, stderr } = await runHere(['pools', 'get', 'warehose'], {
      env: { TIDEGATE_API_URL: served.url },
    });
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: expect.stringContaining('"warehose"') });
  });
});
