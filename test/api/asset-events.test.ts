import { AssetEvent, AssetEventCollection, CreatedAssetEvents } from '../../api/contract/asset-events.ts';
import { openRuns } from '../../store/open-runs.ts';
import { readConsumer } from '../../store/gate.ts';
import { decide } from '../../core/consumer.ts';
import { parseDagId } from '../../core/ids.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aDagPlan, allOf, anAsset, anAssetPlan, aProject } from '../support/plans.ts';

const ORDERS = anAsset('s3://lake/orders');
const RATES = anAsset('s3://lake/rates');
const schema = {
  type: 'object',
  properties: { rows: { type: 'integer' }, unit: { type: 'string', default: 'lines' } },
  required: ['rows'],
};
const project = aProject([aDagPlan({ dagId: 'report', condition: allOf(ORDERS, RATES) })], {
  assets: [anAssetPlan('s3://lake/checked', { name: 'checked', eventSchema: schema })],
});

let api: TestApi;
let ordersId: number;

beforeAll(async () => {
  api = await startApi(project);
  const { body } = await api.http.get('/api/v2/assets').query({ uri_pattern: 'lake/orders' });
  ordersId = body.assets[0].id;
});
afterAll(() => api.stop());

describe('POST /api/v2/assets/events', () => {
  it.each([
    ['its id', () => ({ asset_id: ordersId })],
    ['its name', () => ({ name: ORDERS.name })],
    ['its URI, normalised', () => ({ uri: 'S3://lake/orders///' })],
  ])('records an event of an asset named by %s', async (_, named) => {
    const before = await api.countEvents();
    const { status, body } = await api.http
      .post('/api/v2/assets/events')
      .send({ ...named(), extra: { rows: 3 }, partition_key: 'de' });
    expect(status).toBe(200);
    expect(AssetEvent.strict().parse(body)).toMatchObject({
      asset_id: ordersId,
      uri: ORDERS.uri,
      extra: { rows: 3, from_rest_api: true },
      partition_key: 'de',
      source_dag_id: null,
      source_map_index: -1,
      created_dagruns: [],
    });
    expect(await api.countEvents()).toBe(before + 1);
    const listed = await api.http.get('/api/v2/assets/events').query({ order_by: '-id', limit: 1 });
    expect(listed.body.asset_events).toEqual([body]);
  });

  it('answers a repeated idempotency key with the first event', async () => {
    const event = { name: ORDERS.name, extra: { day: 1, by: 'hand' }, idempotency_key: 'orders of day 1' };
    const first = await api.http.post('/api/v2/assets/events').send(event);
    const before = await api.countEvents();
    const again = await api.http.post('/api/v2/assets/events').send(event);
    expect([again.status, again.body]).toEqual([200, first.body]);
    const reordered = await api.http
      .post('/api/v2/assets/events')
      .send({ ...event, extra: { by: 'hand', day: 1 } });
    expect([reordered.status, reordered.body]).toEqual([200, first.body]);
    const other = await api.http.post('/api/v2/assets/events').send({ ...event, extra: { day: 2 } });
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict']);
    expect(await api.countEvents()).toBe(before);
  });

  it('refuses an extra that does not meet the schema of its asset', async () => {
    const before = await api.countEvents();
    const { status, body } = await api.http
      .post('/api/v2/assets/events')
      .send({ name: 'checked', extra: { rows: 'many' } });
    expect([status, body.errors[0].loc]).toEqual([422, ['body', 'extra', 'rows']]);
    expect(await api.countEvents()).toBe(before);
    const good = await api.http.post('/api/v2/assets/events').send({ name: 'checked', extra: { rows: 1 } });
    expect([good.status, good.body.extra]).toEqual([200, { rows: 1, unit: 'lines', from_rest_api: true }]);
  });

  it('records events of many clients at once, each once', async () => {
    const before = await api.countEvents();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        api.http.post('/api/v2/assets/events').send({ asset_id: ordersId, extra: { n } }),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(100);
    expect(await api.countEvents()).toBe(before + 100);
  });
});

describe('POST /api/v2/assets/events/bulk', () => {
  it('records all events as one batch with ids that follow each other', async () => {
    const before = await api.countEvents();
    const events = Array.from({ length: 10_000 }, (_, n) => ({ asset_id: ordersId, extra: { n } }));
    const { status, body } = await api.http.post('/api/v2/assets/events/bulk').send({ events });
    expect(status).toBe(200);
    const { first_id, last_id, count } = CreatedAssetEvents.strict().parse(body);
    expect([count, last_id - first_id + 1]).toEqual([10_000, 10_000]);
    expect(await api.countEvents()).toBe(before + 10_000);
    const { rows } = await api.deps.db.getExecutor().executeQuery<{ ends: number }>(
      api.deps.db
        .selectFrom('asset_event')
        .select((select) => select.fn.count<number>('batch_end').distinct().as('ends'))
        .where('seq', '>=', first_id)
        .compile(),
    );
    expect(rows[0]?.ends).toBe(1);
  });

  it.each([
    ['an unknown asset', { name: 'nowhere' }, 404],
    ['an extra against the schema', { name: 'checked', extra: {} }, 422],
    ['a NUL character', { name: ORDERS.name, extra: { text: 'a\0b' } }, 400],
    ['two names', { name: ORDERS.name, uri: ORDERS.uri }, 422],
  ])('records nothing when one event has %s', async (_, bad, status) => {
    const before = await api.countEvents();
    const answer = await api.http
      .post('/api/v2/assets/events/bulk')
      .send({ events: [{ name: ORDERS.name }, bad, { name: RATES.name }] });
    expect(answer.status).toBe(status);
    expect(await api.countEvents()).toBe(before);
  });

  it('refuses more than 10,000 events', async () => {
    const events = Array.from({ length: 10_001 }, () => ({ asset_id: ordersId }));
    const { status } = await api.http.post('/api/v2/assets/events/bulk').send({ events });
    expect(status).toBe(422);
  });

  it('answers a repeated idempotency key with the same ids', async () => {
    const request = { events: [{ name: ORDERS.name }, { name: RATES.name }], idempotency_key: 'a bulk' };
    const first = await api.http.post('/api/v2/assets/events/bulk').send(request);
    const again = await api.http.post('/api/v2/assets/events/bulk').send(request);
    expect(again.body).toEqual(first.body);
  });
});

describe('GET /api/v2/assets/events', () => {
  it('pages, orders and counts', async () => {
    const { body } = await api.http
      .get('/api/v2/assets/events')
      .query({ asset_id: ordersId, limit: 2, offset: 1, order_by: '-timestamp' });
    const { asset_events, total_entries } = AssetEventCollection.parse(body);
    expect(asset_events).toHaveLength(2);
    expect(asset_events[0]?.id).toBeGreaterThan(asset_events[1]?.id ?? Infinity);
    expect(total_entries).toBeGreaterThan(10_000);
  });

  it('finds by time, source and part of the name', async () => {
    const find = async (query: object) =>
      (await api.http.get('/api/v2/assets/events').query({ ...query, limit: 1 })).body.total_entries;
    expect(await find({ timestamp_gt: '2100-01-01T00:00:00Z' })).toBe(0);
    expect(await find({ timestamp_lt: '2100-01-01T00:00:00+02:00', name_pattern: 'LAKE/rat' })).toBe(1);
    expect(await find({ source_dag_id: 'report' })).toBe(0);
    expect(await find({ source_map_index: 0 })).toBe(0);
    expect(await find({ source_map_index: -1, name_prefix_pattern: 's3://lake/rat' })).toBe(1);
  });

  it('names the run that consumed an event, and the run its events', async () => {
    const dagId = parseDagId('report');
    const current = await readConsumer(api.deps.db, dagId);
    if (current === undefined) throw new Error('the DAG is not deployed');
    const decision = decide(current.consumer);
    if (decision.kind !== 'open') throw new Error('both assets have events');
    const { run: asked, gate } = decision;
    const { runId } = asked;
    const opened = await openRuns(api.deps.db, {
      ...{ dagId, epoch: 0, step: 1, version: current.definition.version, asked: [asked], gate },
    });
    expect(opened).toBe('opened');

    const { body } = await api.http.get('/api/v2/assets/events').query({ name_pattern: 'rates' });
    expect(body.asset_events[0].created_dagruns).toMatchObject([
      { run_id: runId, dag_id: 'report', state: 'queued', triggering: true },
    ]);
    const run = `/api/v2/dags/report/dagRuns/${runId}`;
    const { body: shown } = await api.http.get(run);
    const { body: upstream } = await api.http.get(`${run}/upstreamAssetEvents`).query({ limit: 2 });
    expect(shown.consumed_event_count).toBeGreaterThan(10_000);
    expect(upstream.total_entries).toBe(shown.consumed_event_count);
    expect(AssetEventCollection.parse(upstream).asset_events).toHaveLength(2);
    expect(upstream.asset_events[0].created_dagruns[0]).toMatchObject({ run_id: runId, triggering: false });
  });
});
