import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { Problem } from '../../api/contract/problem.ts';
import {
  QueuedEvent,
  QueuedEventCollection,
  QueuedEventOfUri,
  QueuedEventOfUriCollection,
} from '../../api/contract/queued-events.ts';
import { parseAssetUri } from '../../core/asset-uri.ts';
import { parseDagId } from '../../core/ids.ts';
import { all } from '../../sdk/index.ts';
import { setPaused } from '../../temporal/control.ts';
import { assetsOf, headOf, queuedOf, sawOf, seeingDags } from '../support/seeing.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const { seeing } = seeingDags();
const read = assetsOf('read');
const cleared = assetsOf('cleared');
const aged = assetsOf('aged');
const whole = assetsOf('whole');
const late = assetsOf('late');

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate([
    seeing('read_1', { schedule: all(read.a, read.b) }),
    seeing('read_2', { schedule: all(read.a, read.c) }),
    seeing('cleared_1', { schedule: all(cleared.a, cleared.b) }),
    seeing('cleared_2', { schedule: all(cleared.a, cleared.b, cleared.c) }),
    seeing('aged', { schedule: aged.a }),
    seeing('whole', { schedule: all(whole.a, whole.b, whole.c) }),
    seeing('late', { schedule: all(late.a, late.b) }),
  ]);
  const { deps } = tidegate;
  http = supertest(createApp({ ...deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(() => tidegate.stop());

const idOf = async ({ uri }: { readonly uri: string }): Promise<number> => {
  const asset = await tidegate.deps.db
    .selectFrom('asset')
    .select('id')
    .where('uri', '=', parseAssetUri(uri))
    .executeTakeFirstOrThrow();
  return asset.id;
};
const timeOf = async (seq: number): Promise<string> => {
  const event = await tidegate.deps.db
    .selectFrom('asset_event')
    .select('recorded_at')
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow();
  return event.recorded_at.toISOString();
};
/** Two events in one millisecond are as old as each other. */
const nextMillisecond = async (): Promise<void> => {
  const now = Date.now();
  await eventually(async () => Date.now() > now + 1);
};
const inPath = ({ uri }: { readonly uri: string }) => encodeURIComponent(uri);
const get = async (path: string, query: object = {}) => {
  const { status, body } = await http.get(`/api/v2/${path}`).query(query);
  return { status, body };
};
const remove = async (path: string, query: object = {}) => {
  const { status, headers, body } = await http.delete(`/api/v2/${path}`).query(query);
  return { status, headers, code: body.code, body };
};

describe('queued events', () => {
  let [id, first] = [0, ''];
  beforeAll(async () => {
    id = await idOf(read.a);
    await tidegate.post(read.a.uri);
    first = await timeOf(await headOf(tidegate));
    await nextMillisecond();
    await tidegate.post(read.a.uri, read.b.uri, read.b.uri);
    // The condition of the other one is not met yet: it goes on queueing.
    await tidegate.runsClosed('read_1', 1);
    await tidegate.post(read.a.uri);
  });

  it('are listed by asset, an entry for each consumer, with their number and the time of the oldest', async () => {
    const { status, body } = await get(`assets/${id}/queuedEvents`);
    expect(status).toBe(200);
    const newest = await timeOf(await headOf(tidegate));
    expect(QueuedEventCollection.strict().parse(body)).toEqual({
      queued_events: [
        {
          dag_id: 'read_1',
          asset_id: id,
          created_at: newest,
          dag_display_name: 'read_1',
          count: 1,
          alias: null,
        },
        {
          dag_id: 'read_2',
          asset_id: id,
          created_at: first,
          dag_display_name: 'read_2',
          count: 3,
          alias: null,
        },
      ],
      total_entries: 2,
    });
  });

  it('are listed by DAG, and one is shown by both', async () => {
    const { body } = await get('dags/read_2/assets/queuedEvents');
    expect(body).toMatchObject({ queued_events: [{ asset_id: id, count: 3 }], total_entries: 1 });
    const one = await get(`dags/read_2/assets/${id}/queuedEvents`);
    expect(one.status).toBe(200);
    expect(QueuedEvent.strict().parse(one.body)).toEqual(body.queued_events[0]);
  });

  it('have their URI in the older spelling, which finds assets by it', async () => {
    const { uri } = read.a;
    const byUri = await get(`assets/queuedEvent/${inPath(read.a)}`);
    expect(QueuedEventOfUriCollection.strict().parse(byUri.body)).toMatchObject({
      queued_events: [
        { dag_id: 'read_1', uri, count: 1 },
        { dag_id: 'read_2', uri, count: 3 },
      ],
      total_entries: 2,
    });
    const ofDag = await get('dags/read_2/assets/queuedEvent');
    expect(ofDag.body.queued_events).toEqual([byUri.body.queued_events[1]]);
    const one = await get(`dags/read_2/assets/queuedEvent/${inPath({ uri: 'S3://read/a' })}`);
    expect(QueuedEventOfUri.strict().parse(one.body)).toEqual(byUri.body.queued_events[1]);
    expect((await get(`assets/queuedEvent/${inPath({ uri: 'airflow://lake/a' })}`)).body.code).toBe(
      'invalid_uri',
    );
  });

  it.each(['assets/:id/queuedEvents', 'assets/queuedEvent/:uri'])(
    'of GET %s are only those whose oldest event is older than `before`, strictly',
    async (path) => {
      const own = path.replace(':id', String(id)).replace(':uri', inPath(read.a));
      const just = new Date(Date.parse(first) + 1).toISOString();
      expect((await get(own, { before: first })).body).toEqual({ queued_events: [], total_entries: 0 });
      expect((await get(own, { before: just })).body.queued_events).toMatchObject([{ dag_id: 'read_2' }]);
    },
  );

  it('that are not there are an empty list, whether or not the DAG or the asset is known', async () => {
    const other = await idOf(read.b);
    const paths = [
      `assets/${other}/queuedEvents`,
      'assets/999999/queuedEvents',
      `assets/queuedEvent/${inPath({ uri: 's3://no/where' })}`,
      'dags/late/assets/queuedEvents',
      'dags/nobody/assets/queuedEvents',
      'dags/nobody/assets/queuedEvent',
      'dags/no%20body%00/assets/queuedEvents',
    ];
    for (const path of paths) {
      expect(await get(path)).toEqual({ status: 200, body: { queued_events: [], total_entries: 0 } });
    }
  });

  it('that are not there are 404 where one entry is asked for, saying why', async () => {
    const path = (dagId: string, asset: number | string) => `dags/${dagId}/assets/${asset}/queuedEvents`;
    const answers = await Promise.all([
      get(path('late', await idOf(late.a))),
      get(path('nobody', id)),
      get(path('late', 999_999)),
      get(path('read_2', id), { before: first }),
      get(`dags/late/assets/queuedEvent/${inPath(late.a)}`),
      get(`dags/late/assets/queuedEvent/${inPath({ uri: 's3://no/where' })}`),
    ]);
    expect(answers.map(({ status, body }) => [status, Problem.parse(body).code])).toEqual([
      [404, 'nothing_queued'],
      [404, 'unknown_dag'],
      [404, 'unknown_asset'],
      [404, 'nothing_queued'],
      [404, 'nothing_queued'],
      [404, 'unknown_asset'],
    ]);
  });

  it('are refused for what is no id, no time and no method', async () => {
    expect((await get('assets/orders/queuedEvents')).status).toBe(422);
    expect((await get(`assets/${id}/queuedEvents`, { before: 'noon' })).body.errors).toMatchObject([
      { loc: ['query', 'before'] },
    ]);
    const { status, headers } = await http.post(`/api/v2/assets/${id}/queuedEvents`);
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, DELETE']);
  });
});

describe('DELETE of queued events', () => {
  it('clears those of an asset for all its consumers, or for one, and says who asked', async () => {
    const id = await idOf(cleared.a);
    await tidegate.post(cleared.a.uri, cleared.c.uri);
    expect(await remove(`dags/cleared_1/assets/${id}/queuedEvents`, { who: 'ada' })).toMatchObject({
      status: 204,
      body: {},
    });
    expect((await get(`assets/${id}/queuedEvents`)).body.queued_events).toMatchObject([
      { dag_id: 'cleared_2' },
    ]);
    await tidegate.post(cleared.a.uri);
    const { status, headers } = await remove(`assets/queuedEvent/${inPath(cleared.a)}`);
    expect([status, headers['tidegate-cleared-events']]).toEqual([204, '3']);
    expect((await get(`assets/${id}/queuedEvents`)).body.total_entries).toBe(0);
    // What another asset has queued for the same DAG is nobody's business.
    expect((await get('dags/cleared_2/assets/queuedEvents')).body.queued_events).toMatchObject([
      { asset_id: await idOf(cleared.c), count: 1 },
    ]);
    // Summed, for an event that was not counted yet when it was asked for is asked for again.
    const rows = await tidegate.deps.db
      .selectFrom('consumption')
      .select(({ fn }) => ['dag_id', 'outcome', 'who', fn.sum('count').as('count')])
      .where('dag_id', 'in', [parseDagId('cleared_1'), parseDagId('cleared_2')])
      .groupBy(['dag_id', 'outcome', 'who'])
      .orderBy('dag_id')
      .orderBy('who')
      .execute();
    expect(rows.map((row) => ({ ...row, count: Number(row.count) }))).toEqual([
      { dag_id: 'cleared_1', outcome: 'cleared', count: 1, who: 'ada' },
      { dag_id: 'cleared_1', outcome: 'cleared', count: 1, who: 'api' },
      { dag_id: 'cleared_2', outcome: 'cleared', count: 2, who: 'api' },
    ]);
  });

  it('clears those of a DAG whole', async () => {
    await tidegate.post(whole.a.uri, whole.b.uri);
    expect((await remove('dags/whole/assets/queuedEvents')).status).toBe(204);
    expect((await get('dags/whole/assets/queuedEvents')).body.total_entries).toBe(0);
    expect(await remove('dags/whole/assets/queuedEvent')).toMatchObject({
      status: 404,
      code: 'nothing_queued',
    });
  });

  it('with `before` clears only what is older; the next run consumes the rest', async () => {
    const dagId = parseDagId('aged');
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.post(aged.a.uri, aged.a.uri);
    await nextMillisecond();
    await tidegate.post(aged.a.uri);
    const kept = await headOf(tidegate);
    const before = await timeOf(kept);
    const path = `dags/aged/assets/${await idOf(aged.a)}/queuedEvents`;
    expect((await remove(path, { before })).status).toBe(204);
    expect((await get(path)).body).toMatchObject({ count: 1, created_at: before });
    expect(await remove(path, { before })).toMatchObject({ status: 404, code: 'nothing_queued' });
    await setPaused(tidegate.deps, dagId, false);
    expect(await sawOf(tidegate, 'aged', 1)).toEqual([[kept]]);
  });

  it('clears what its consumer has yet to be told of', async () => {
    const { deps } = tidegate;
    await tidegate.post(late.a.uri);
    await queuedOf(tidegate, 'late', 1);
    await tidegate.postSilently(late.a.uri);
    const path = 'dags/late/assets/queuedEvents';
    const removed = remove(path);
    await eventually(async () => (await get(path)).body.queued_events[0]?.count === 1);
    // A sweep tells it, as it does whenever a message was cut off.
    deps.dispatcher.notify([parseDagId('late')]);
    expect((await removed).status).toBe(204);
    expect((await get(path)).body.total_entries).toBe(0);
  });

  it('that hits nothing is 404, and says whether there is such a DAG and such an asset', async () => {
    const id = await idOf(late.b);
    const answers = await Promise.all([
      remove(`assets/${id}/queuedEvents`),
      remove('assets/999999/queuedEvents'),
      remove(`assets/queuedEvent/${inPath({ uri: 's3://no/where' })}`),
      remove('dags/nobody/assets/queuedEvents'),
      remove('dags/no%20body/assets/queuedEvents'),
      remove(`dags/nobody/assets/${id}/queuedEvents`),
      remove(`dags/late/assets/queuedEvent/${inPath(late.b)}`),
    ]);
    expect(answers.map(({ status, code }) => [status, code])).toEqual([
      [404, 'nothing_queued'],
      [404, 'unknown_asset'],
      [404, 'unknown_asset'],
      [404, 'unknown_dag'],
      [404, 'unknown_dag'],
      [404, 'unknown_dag'],
      [404, 'nothing_queued'],
    ]);
  });
});
