import { Problem } from '../../api/contract/problem.ts';
import { startApi, type TestApi } from '../support/api.ts';
import { aDagPlan, anAsset, aProject } from '../support/plans.ts';

const ORDERS = anAsset('s3://lake/orders');

let api: TestApi;
beforeAll(async () => {
  api = await startApi(
    aProject([aDagPlan({ dagId: 'report', condition: { kind: 'asset', asset: ORDERS } })]),
  );
});
afterAll(() => api.stop());

const post = (headers: Readonly<Record<string, string>>) =>
  api.http
    .post('/api/v2/assets/events')
    .set({ Host: 'tidegate.test:8080', ...headers })
    .send({ name: ORDERS.name });

describe('a request that changes something', () => {
  it.each([
    ['says that its page is of another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['has the origin of another host', { Origin: 'https://evil.test' }],
    [
      'has the origin of another port',
      { Origin: 'http://tidegate.test:3000', 'Sec-Fetch-Site': 'same-site' },
    ],
    ['hides its origin', { Origin: 'null' }],
  ])('is refused when it %s', async (_, headers) => {
    const before = await api.countEvents();
    const { status, body, type } = await post(headers);
    expect([status, type]).toEqual([403, 'application/problem+json']);
    expect(Problem.strict().parse(body).code).toBe('cross_site_request');
    expect(await api.countEvents()).toBe(before);
  });

  it.each([
    [
      'comes from a page of this host',
      { Origin: 'http://tidegate.test:8080', 'Sec-Fetch-Site': 'same-origin' },
    ],
    ['comes from no browser', {}],
  ])('is accepted when it %s', async (_, headers) => {
    expect((await post(headers)).status).toBe(200);
  });

  it('is refused whatever its method and before its body is read', async () => {
    const origin = { Origin: 'https://evil.test' };
    const answers = await Promise.all([
      api.http.patch('/api/v2/dags/report').set(origin).send({ is_paused: true }),
      api.http.post('/api/v2/dags/report/dagRuns').set(origin).type('text/plain').send('{}'),
      api.http.post('/api/v2/assets/events/bulk').set(origin).type('json').send('{'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});

describe('a request that only reads', () => {
  it('is answered wherever it comes from', async () => {
    const headers = { Origin: 'https://other.test', 'Sec-Fetch-Site': 'cross-site' };
    expect((await api.http.get('/api/v2/dags').set(headers)).status).toBe(200);
  });
});
