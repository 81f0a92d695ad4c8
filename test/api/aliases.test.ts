import { AssetAlias, AssetAliasCollection, AssetTemplateCollection } from '../../api/contract/aliases.ts';
import { AssetCollection } from '../../api/contract/assets.ts';
import { DagDetails, TaskCollection } from '../../api/contract/dags.ts';
import { DagGate } from '../../api/contract/gate.ts';
import { QueuedEventCollection } from '../../api/contract/queued-events.ts';
import { registerPassages } from '../../store/registration.ts';
import { recordEvents } from '../../temporal/record-events.ts';
import { runHere } from '../cli/run-command.ts';
import { startApi, type TestApi } from '../support/api.ts';
import {
  aDagPlan,
  anAlias,
  anAsset,
  anAssetPlan,
  anyOf,
  aProject,
  aTaskPlan,
  hashOf,
  on,
} from '../support/plans.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';

const PASSED = anAsset('s3://lake/passed');
const TEMPLATE = 's3://lake/daily/{{ ds }}';
const INSTANCE = anAsset('s3://lake/daily/2026-01-01');
const daily = { kind: 'template', name: 'daily' } as const;
const dags = [
  aDagPlan({ dagId: 'by_template', condition: on(daily) }),
  aDagPlan({ dagId: 'load', tasks: [aTaskPlan('write', { outlets: [anAlias('files')] })] }),
  aDagPlan({
    dagId: 'report',
    condition: anyOf(anAlias('files'), anAlias('other'), anAsset('s3://lake/own')),
  }),
];

let api: TestApi;
let served: ServedApi;
let url: string;
beforeAll(async () => {
  const aliases = [
    { name: 'files', group: 'lake' },
    { name: 'other', group: '' },
  ];
  const templates = [{ name: 'daily', uri: TEMPLATE, group: '' }];
  api = await startApi({ ...aProject(dags), aliases, templates });
  served = await serveApi(api.deps);
  ({ url } = served);
  const ids = await registerPassages(
    api.deps.db,
    [{ asset: anAssetPlan(PASSED.uri), through: [anAlias('files')] }],
    hashOf,
  );
  await registerPassages(api.deps.db, [{ asset: anAssetPlan(INSTANCE.uri), through: [daily] }], hashOf);
  const event = { assetId: ids.asset(PASSED), extra: {}, partitionKey: undefined };
  await recordEvents(api.deps, { events: [{ ...event, aliasIds: [ids.through(anAlias('files'))] }] });
});
afterAll(async () => {
  await served.close();
  await api.stop();
});

const list = async (query: object = {}) => {
  const { body } = await api.http.get('/api/v2/assets/aliases').query(query);
  return AssetAliasCollection.parse(body);
};

describe('aliases over HTTP', () => {
  it('are listed with who updates assets through them, who waits for them, and what came through', async () => {
    const { asset_aliases, total_entries } = await list();
    expect(total_entries).toBe(2);
    expect(AssetAlias.strict().parse(asset_aliases[0])).toMatchObject({
      name: 'files',
      group: 'lake',
      scheduled_dags: [{ dag_id: 'report' }],
      producing_tasks: [{ dag_id: 'load', task_id: 'write' }],
      assets: [PASSED],
    });
    const { body } = await api.http.get(`/api/v2/assets/aliases/${asset_aliases[0]?.id}`);
    expect(body).toEqual(asset_aliases[0]);
  });

  it.each([
    [{ name_pattern: 'ILE' }, ['files']],
    [{ name_prefix_pattern: 'oth' }, ['other']],
    [{ order_by: '-name' }, ['other', 'files']],
    [{ limit: 1, offset: 1 }, ['other']],
  ])('are found by %j', async (query, names) => {
    expect((await list(query)).asset_aliases.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['/api/v2/assets/aliases/99', 404],
    ['/api/v2/assets/aliases/files', 422],
    ['/api/v2/assets/aliases?order_by=group', 400],
  ])('%s answers %i', async (path, status) => {
    expect((await api.http.get(path)).status).toBe(status);
  });

  it('are named by assets, tasks, expressions, gates and queues', async () => {
    const { body: assets } = await api.http.get('/api/v2/assets').query({ name_pattern: 'passed' });
    expect(AssetCollection.parse(assets).assets).toMatchObject([
      { aliases: [{ name: 'files', group: 'lake' }] },
    ]);
    const { body: tasks } = await api.http.get('/api/v2/dags/load/tasks');
    expect(TaskCollection.parse(tasks).tasks).toMatchObject([{ outlets: [{ alias: 'files' }] }]);
    const { body: details } = await api.http.get('/api/v2/dags/report/details');
    expect(DagDetails.parse(details).asset_expression).toEqual({
      any: [
        { alias: { name: 'files' } },
        { alias: { name: 'other' } },
        { asset: { name: 's3://lake/own', uri: 's3://lake/own' } },
      ],
    });
    const { body: gate } = await api.http.get('/api/v2/dags/report/gate');
    expect(DagGate.parse(gate).explanation).toMatchObject({
      of: [{ kind: 'alias', alias: { name: 'files' }, met: true }, { kind: 'alias' }, { kind: 'asset' }],
    });
    const { body: queued } = await api.http.get('/api/v2/dags/report/assets/queuedEvents');
    expect(QueuedEventCollection.parse(queued).queued_events).toMatchObject([{ alias: 'files', count: 1 }]);
  });
});

describe('templated assets over HTTP', () => {
  it('are listed with their instances, by whose updates those who wait for the template are told', async () => {
    const { body } = await api.http.get('/api/v2/assets/templates');
    const { asset_templates, total_entries } = AssetTemplateCollection.parse(body);
    expect({ asset_templates, total_entries }).toMatchObject({
      total_entries: 1,
      asset_templates: [
        { name: 'daily', uri: TEMPLATE, instances: [INSTANCE], scheduled_dags: [{ dag_id: 'by_template' }] },
      ],
    });
    const { body: one } = await api.http.get(`/api/v2/assets/templates/${asset_templates[0]?.id}`);
    expect(one).toEqual(asset_templates[0]);
    expect((await api.http.get(`/api/v2/assets/aliases/${asset_templates[0]?.id}`)).status).toBe(404);

    await api.http.post('/api/v2/assets/events').send({ uri: INSTANCE.uri }).expect(200);
    const { body: gate } = await api.http.get('/api/v2/dags/by_template/gate');
    expect(DagGate.parse(gate)).toMatchObject({
      met: true,
      explanation: { kind: 'template', template: { name: 'daily' }, queued: { count: 1 } },
    });
  });
});

describe('tidegate assets --alias', () => {
  const run = (...args: readonly string[]) =>
    runHere(['assets', ...args], { env: { TIDEGATE_API_URL: url } });

  it('lists templates', async () => {
    expect((await run('list', '--template', '-o', 'plain')).stdout).toMatch(/\tdaily\t\tby_template\t1\n$/);
  });

  it('lists aliases and shows one', async () => {
    expect((await run('list', '--alias', '-o', 'plain')).stdout).toBe(
      '1\tfiles\tlake\tload.write\treport\t1\n2\tother\t\t\treport\t0\n',
    );
    expect(await run('details', '--alias', '--name', 'files', '-o', 'plain')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/name\tfiles\n[^]*s3:\/\/lake\/passed/),
    });
    expect((await run('details', '--name', PASSED.name, '-o', 'plain')).stdout).toContain(
      'came through\talias files\n',
    );
  });

  it.each([
    [['details', '--alias', '--name', 'file'], 1, /no alias has the name "file"/],
    [['details', '--alias', '--uri', PASSED.uri], 2, /an alias has no URI/],
    [['details', '--alias'], 2, /exactly one of/],
    [['details', '--alias', '--id', '99'], 1, /no alias has id 99/],
  ])('%j ends with %i', async (args, status, message) => {
    expect(await run(...args)).toMatchObject({ status, stderr: expect.stringMatching(message) });
  });
});
