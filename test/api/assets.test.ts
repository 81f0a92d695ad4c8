import { Asset, AssetCollection } from '../../api/contract/assets.ts';
import { RequestedDagRun } from '../../api/contract/dag-runs.ts';
import { deployProject } from '../../store/deploy.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aDagPlan, anAsset, anAssetPlan, aProject, aTaskPlan, hashOf, on } from '../support/plans.ts';

const ORDERS = anAsset('s3://lake/orders');
const RATES = anAsset('s3://lake/rates');
const WHOLE = anAsset('s3://lake/whole');
const OLD = anAsset('s3://lake/old');
const produce = (dagId: string, asset = ORDERS) =>
  aDagPlan({ dagId, tasks: [aTaskPlan('write', { outlets: [asset], inlets: [RATES] })] });
const report = aDagPlan({ dagId: 'report', condition: on(ORDERS) });
const dags = [
  produce('load'),
  report,
  produce('other', anAsset('s3://lake/two')),
  produce('third', anAsset('s3://lake/two')),
  {
    ...aDagPlan({ dagId: 'whole' }),
    run: { tasks: [aTaskPlan('work')], outlets: [{ asset: WHOLE, extra: {} }] },
  },
];
const assets = [
  anAssetPlan('s3://lake/orders', { group: 'lake', extra: { owner: 'sales' }, description: 'All orders' }),
];

let api: TestApi;
beforeAll(async () => {
  api = await startApi(aProject([...dags, produce('gone', OLD)], { assets }));
  await deployProject(api.deps.db, aProject(dags, { assets }), hashOf);
});
afterAll(() => api.stop());

const find = async (query: object) => {
  const { body } = await api.http.get('/api/v2/assets').query(query);
  return AssetCollection.parse(body).assets;
};

describe('GET /api/v2/assets', () => {
  it('shows who produces an asset, who consumes it, and its newest event', async () => {
    const { body: event } = await api.http.post('/api/v2/assets/events').send({ uri: ORDERS.uri });
    const [orders] = await find({ name_pattern: 'orders' });
    expect(Asset.strict().parse(orders)).toMatchObject({
      name: ORDERS.name,
      group: 'lake',
      extra: { owner: 'sales' },
      description: 'All orders',
      scheduled_dags: [{ dag_id: 'report' }],
      producing_tasks: [{ dag_id: 'load', task_id: 'write' }],
      producing_dags: [],
      consuming_tasks: [],
      last_asset_event: { id: event.id, timestamp: event.timestamp },
    });
    const { body } = await api.http.get(`/api/v2/assets/${orders?.id}`);
    expect(body).toEqual(orders);
  });

  it.each([
    ['only active ones', {}, ['orders', 'rates', 'two', 'whole']],
    [
      'also inactive ones when asked',
      { only_active: false, order_by: '-uri' },
      ['whole', 'two', 'rates', 'orders', 'old'],
    ],
    ['by part of the name', { name_pattern: '%RAT_s' }, ['rates']],
    ['by the beginning of the URI', { uri_prefix_pattern: 's3://lake/o' }, ['orders']],
    ['not by a wildcard at the beginning', { uri_prefix_pattern: 's3://%/o' }, []],
    ['by DAG', { dag_ids: ['report', 'third'] }, ['orders', 'rates', 'two']],
  ])('finds %s', async (_, query, names) => {
    const found = await find({ order_by: 'uri', ...query });
    expect(found.map(({ name }) => name.replace('s3://lake/', ''))).toEqual(names);
  });

  it('keeps an inactive asset reachable by its id, and takes events for it', async () => {
    const [old] = await find({ only_active: false, uri_pattern: 'old' });
    expect(old).toMatchObject({ is_active: false, producing_tasks: [] });
    expect((await api.http.get(`/api/v2/assets/${old?.id}`)).status).toBe(200);
    expect((await api.http.post('/api/v2/assets/events').send({ asset_id: old?.id })).status).toBe(200);
    expect((await api.http.post('/api/v2/assets/events').send({ uri: OLD.uri })).status).toBe(404);
  });
});

describe('POST /api/v2/assets/{asset_id}/materialize', () => {
  const materialize = async (uri: string, body?: object) => {
    const [asset] = await find({ uri_pattern: uri });
    return api.http.post(`/api/v2/assets/${asset?.id}/materialize`).send(body);
  };

  it('runs the DAG that produces the asset', async () => {
    const { status, body } = await materialize('orders', { note: 'again, please' });
    expect(status).toBe(200);
    expect(RequestedDagRun.strict().parse(body)).toMatchObject({
      dag_id: 'load',
      state: 'queued',
      note: 'again, please',
    });
  });

  it('runs the DAG whose runs update the asset as a whole', async () => {
    expect(await find({ dag_ids: 'whole' })).toMatchObject([
      { uri: WHOLE.uri, producing_tasks: [], producing_dags: [{ dag_id: 'whole' }] },
    ]);
    expect((await materialize('whole')).body).toMatchObject({ dag_id: 'whole', state: 'queued' });
  });

  it('needs no body', async () => {
    expect((await materialize('orders')).status).toBe(200);
  });

  it('refuses an asset that nothing produces', async () => {
    const { status, body } = await materialize('rates');
    expect([status, body.code]).toEqual([404, 'unknown_dag']);
  });

  it('refuses an asset that several DAGs produce, and names them', async () => {
    const { status, body } = await materialize('two');
    expect([status, body.code]).toEqual([409, 'several_producers']);
    expect(body.detail).toContain('other, third');
  });
});
