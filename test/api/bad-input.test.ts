import { Problem } from '../../api/contract/problem.ts';
import { createApp } from '../../api/app.ts';
import { sql } from 'kysely';
import supertest from 'supertest';
import { startApi, type TestApi } from '../support/api.ts';
import { aDagPlan, anAsset, aProject } from '../support/plans.ts';

const ORDERS = anAsset('s3://lake/orders');
const paramsSchema = { type: 'object', properties: { day: { type: 'integer' } }, required: ['day'] };

let api: TestApi;
beforeAll(async () => {
  api = await startApi(
    aProject([
      aDagPlan({ dagId: 'report', condition: { kind: 'asset', asset: ORDERS } }),
      aDagPlan({ dagId: 'strict', paramsSchema }),
    ]),
  );
});
afterAll(() => api.stop());

async function stored(): Promise<unknown> {
  const { rows } = await sql`
    select (select count(*) from asset_event) as events, (select count(*) from run) as runs,
      (select count(*) from idempotency_key) as keys, (select head from log) as head`.execute(api.deps.db);
  return rows[0];
}

const events = '/api/v2/assets/events';
const runs = '/api/v2/dags/report/dagRuns';

describe('a request that is wrong', () => {
  it.each<[string, string, unknown, number, string]>([
    ['has no body', events, undefined, 422, 'invalid_input'],
    ['has a list for a body', events, [], 422, 'invalid_input'],
    ['names no asset', events, { extra: {} }, 422, 'invalid_input'],
    ['names two assets', events, { asset_id: 1, name: 'x' }, 422, 'invalid_input'],
    ['has an id of the wrong type', events, { asset_id: '1' }, 422, 'invalid_input'],
    ['has an id that no integer holds', events, { asset_id: 2 ** 40 }, 422, 'invalid_input'],
    ['has a key that is not known', events, { name: ORDERS.name, extras: {} }, 422, 'invalid_input'],
    ['has a list for an extra', events, { name: ORDERS.name, extra: [] }, 422, 'invalid_input'],
    ['has a blank partition key', events, { name: ORDERS.name, partition_key: ' ' }, 422, 'invalid_input'],
    [
      'has NUL in the partition key',
      events,
      { name: ORDERS.name, partition_key: 'a\0' },
      422,
      'invalid_input',
    ],
    [
      'has NUL in the idempotency key',
      events,
      { name: ORDERS.name, idempotency_key: '\0' },
      422,
      'invalid_input',
    ],
    ['has NUL in the extra', events, { name: ORDERS.name, extra: { a: ['\0'] } }, 400, 'invalid_input'],
    ['has NUL in a name', events, { name: 'a\0b' }, 422, 'invalid_input'],
    [
      'has half a surrogate pair',
      events,
      { name: ORDERS.name, extra: { '\ud800': 1 } },
      400,
      'invalid_input',
    ],
    [
      'has an extra over 64 KiB',
      events,
      { name: ORDERS.name, extra: { a: 'x'.repeat(65_536) } },
      413,
      'extra_too_large',
    ],
    ['names an unknown asset', events, { asset_id: 999_999 }, 404, 'unknown_asset'],
    ['has a URI that is none', events, { uri: 's3://lake/ä ö' }, 422, 'invalid_uri'],
    ['has an empty URI', events, { uri: '' }, 422, 'invalid_uri'],
    ['has an empty bulk', `${events}/bulk`, { events: [] }, 422, 'invalid_input'],
    ['has a bulk of nonsense', `${events}/bulk`, { events: [1, null, 'x'] }, 422, 'invalid_input'],
    ['triggers an unknown DAG', '/api/v2/dags/nowhere/dagRuns', {}, 404, 'unknown_dag'],
    ['triggers a DAG that cannot be', '/api/v2/dags/no%00where/dagRuns', {}, 404, 'unknown_dag'],
    ['has a run id with a slash', runs, { dag_run_id: 'a/b' }, 400, 'invalid_input'],
    ['has a run id that is too long', runs, { dag_run_id: 'x'.repeat(300) }, 400, 'invalid_input'],
    ['has a run id of a run by events', runs, { dag_run_id: 'asset__7' }, 400, 'invalid_input'],
    ['has a run id of a run by time', runs, { dag_run_id: 'scheduled__x' }, 400, 'invalid_input'],
    ['has half a data interval', runs, { data_interval_start: '2024-01-01T00:00:00Z' }, 422, 'invalid_input'],
    ['has a time without zone', runs, { logical_date: '2024-01-01T00:00:00' }, 422, 'invalid_input'],
    ['has a number for a note', runs, { note: 5 }, 422, 'invalid_input'],
    ['has a note with NUL', runs, { note: 'a\0' }, 422, 'invalid_input'],
    ['has NUL in conf', runs, { conf: { a: '\0' } }, 400, 'invalid_input'],
    ['lacks a param', '/api/v2/dags/strict/dagRuns', { conf: {} }, 400, 'invalid_input'],
    ['materializes an unknown asset', '/api/v2/assets/999999/materialize', {}, 404, 'unknown_asset'],
    ['cancels an unknown run', `${runs}/nothing/cancel`, {}, 404, 'unknown_run'],
  ])('%s, and stores nothing', async (_, path, body, status, code) => {
    const before = await stored();
    const answer = await api.http.post(path).send(body as object);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(Problem.strict().parse(answer.body).status).toBe(status);
    expect(answer.text).not.toMatch(/at .*\.ts:|node_modules/);
    expect(await stored()).toEqual(before);
  });

  it.each([
    ['/api/v2/dags?limit=-1', 422],
    ['/api/v2/dags?limit=many', 422],
    ['/api/v2/dags?order_by=password', 400],
    ['/api/v2/dags?paused=maybe', 422],
    ['/api/v2/dags?dag_id_pattern=%00', 422],
    ['/api/v2/dags/nowhere', 404],
    ['/api/v2/dags/nowhere/details', 404],
    ['/api/v2/dags/nowhere/tasks', 404],
    ['/api/v2/dags/nowhere/gate', 404],
    ['/api/v2/dags/nowhere/dagRuns', 404],
    ['/api/v2/dags/nowhere/dagRuns/x', 404],
    ['/api/v2/dags/report/dagRuns/x', 404],
    ['/api/v2/dags/report/dagRuns/%00', 404],
    ['/api/v2/dags/report/dagRuns/x/taskInstances', 404],
    ['/api/v2/dags/report/dagRuns/x/upstreamAssetEvents', 404],
    ['/api/v2/dags/~/dagRuns?state=odd', 422],
    ['/api/v2/dags/~/dagRuns?start_date_gte=yesterday', 422],
    ['/api/v2/assets/1e3', 422],
    ['/api/v2/assets/99999999999', 422],
    ['/api/v2/assets/999999', 404],
    ['/api/v2/assets/events?asset_id=x', 422],
    ['/api/v2/nothing', 404],
    ['/api/v2/dags/%E0%A4%A', 400],
    ['/nothing', 404],
  ])('GET %s is answered with %i', async (path, status) => {
    const answer = await api.http.get(path);
    expect([answer.status, Problem.strict().parse(answer.body).status]).toEqual([status, status]);
  });

  it('asks for too much and gets the most there is', async () => {
    const { status } = await api.http.get('/api/v2/dags?limit=999999999');
    expect(status).toBe(200);
  });

  it('is no JSON', async () => {
    const { status, body } = await api.http.post(events).type('json').send('{"name": ');
    expect([status, body.code]).toEqual([400, 'malformed_request']);
  });

  it('is not said to be JSON', async () => {
    const { status, body } = await api.http.post(events).type('text').send('{"name": "x"}');
    expect([status, body.errors[0].msg]).toEqual([422, 'a JSON body of type application/json is required']);
  });

  it('is too large', async () => {
    const { status, body } = await api.http.post(events).send({ extra: { a: 'x'.repeat(1_100_000) } });
    expect([status, body.code]).toEqual([413, 'body_too_large']);
  });

  it('is nested too deeply to be stored', async () => {
    const depth = 200_000;
    const text = `{"name": ${JSON.stringify(ORDERS.name)}, "extra": {"a": ${'['.repeat(depth)}${']'.repeat(depth)}}}`;
    const before = await stored();
    const { status, body } = await api.http.post(events).type('json').send(text);
    expect([status, body.code]).toEqual([400, 'invalid_input']);
    expect(await stored()).toEqual(before);
  });

  it('names where it is wrong as Airflow does, in calls Airflow has', async () => {
    const airflow = await api.http.post(events).send({ asset_id: 'x', extras: {} });
    expect(airflow.body.detail).toEqual([
      { loc: ['body', 'asset_id'], msg: expect.any(String), type: 'invalid_type' },
      { loc: ['body', 'extras'], msg: 'this field is not known', type: 'extra_forbidden' },
    ]);
    const ours = await api.http.post(`${events}/bulk`).send({});
    expect(ours.body).toMatchObject({
      detail: 'body.events: this field is required',
      errors: [{ loc: ['body', 'events'], msg: 'this field is required', type: 'missing' }],
    });
  });

  it('triggers the same run twice', async () => {
    expect((await api.http.post(runs).send({ dag_run_id: 'twice' })).status).toBe(200);
    const before = await stored();
    const { status, body } = await api.http.post(runs).send({ dag_run_id: 'twice', note: 'again' });
    expect([status, body.code]).toEqual([409, 'run_exists']);
    expect(await stored()).toEqual(before);
  });
});

describe('a method that a path does not take', () => {
  it.each([
    ['delete', '/api/v2/dags', 'GET, HEAD'],
    ['patch', '/api/v2/assets/events', 'GET, HEAD, POST'],
    ['get', '/api/v2/assets/events/bulk', 'POST'],
    ['post', '/api/v2/dags/report', 'GET, HEAD, PATCH'],
    ['trace', '/health', 'GET, HEAD'],
  ] as const)('%s %s is refused with the methods there are', async (method, path, allow) => {
    const { status, headers, body } = await api.http[method](path);
    expect([status, headers['allow'], body.code]).toEqual([405, allow, 'method_not_allowed']);
  });

  it('OPTIONS tells the methods', async () => {
    const { status, headers } = await api.http.options('/api/v2/dags/report/dagRuns');
    expect([status, headers['allow']]).toEqual([200, 'GET, HEAD, POST']);
  });
});

describe('a failure nobody expected', () => {
  it('is answered with an id that the log has, and with nothing else', async () => {
    const clock = () => {
      throw new Error('secret detail');
    };
    const http = supertest(createApp({ ...api.deps, clock }));
    const { status, body, text } = await http.post(events).send({ name: ORDERS.name });
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(text).not.toContain('secret');
    expect(api.logged.find((line) => line.includes(body.error_id))).toContain('secret detail');
  });
});
