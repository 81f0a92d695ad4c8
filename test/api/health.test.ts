import { MonitorHealth } from '../../api/contract/health.ts';
import { createApp } from '../../api/app.ts';
import { openDatabase } from '../../store/database.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import supertest from 'supertest';
import { startApi, type TestApi } from '../support/api.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { aProject } from '../support/plans.ts';
import { createTestNamespace } from '../support/temporal.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi(aProject([]));
});
afterAll(() => api.stop());

describe('health', () => {
  it('is ready while Postgres and Temporal answer', async () => {
    expect((await api.http.get('/ready')).body).toEqual({ status: 'ready' });
    expect((await api.http.get('/health')).body).toEqual({ status: 'ok' });
    const { body } = await api.http.get('/api/v2/monitor/health');
    expect(MonitorHealth.parse(body).temporal).toEqual({
      status: 'healthy',
      namespace: api.deps.temporal.namespace,
    });
  });

  it('tells its version', async () => {
    expect((await api.http.get('/version')).body.version).toBe('1.2.3');
    expect((await api.http.get('/api/v2/version')).body.version).toBe('1.2.3');
  });

  it('is alive but not ready without Postgres, and says so wherever it needs it', async () => {
    const db = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/nothing' });
    const http = supertest(createApp({ ...api.deps, db }));
    const ready = await http.get('/ready');
    expect([ready.status, ready.body.code]).toEqual([503, 'not_ready']);
    expect(ready.body.reasons).toEqual([
      expect.stringMatching(/^DATABASE_URL: Postgres does not answer: .*127\.0\.0\.1:1/),
    ]);
    const dags = await http.get('/api/v2/dags');
    expect([dags.status, dags.body.code]).toEqual([503, 'database_unreachable']);
    expect((await http.get('/health')).status).toBe(200);
    await db.destroy();
  });

  it('is not ready on a database without the schema', async () => {
    const database = await createTestDatabase();
    const db = openDatabase({ url: database.url });
    const http = supertest(createApp({ ...api.deps, db }));
    expect((await http.get('/ready')).body.reasons).toEqual([expect.stringContaining('not migrated')]);
    const { status, body } = await http.get('/api/v2/dags');
    expect([status, body.detail]).toEqual([503, expect.stringContaining('not migrated')]);
    await db.destroy();
    await database.drop();
  });

  it('is not ready without Temporal', async () => {
    const temporal = await connectTemporal({ ...(await createTestNamespace()), taskQueue: 'tidegate' });
    await temporal.client.connection.close();
    const http = supertest(createApp({ ...api.deps, temporal }));
    const { status, body } = await http.get('/ready');
    expect([status, body.reasons]).toEqual([503, [expect.stringContaining('TEMPORAL_ADDRESS')]]);
    expect((await http.get('/api/v2/monitor/health')).body.temporal.status).toBe('unhealthy');
  });
});
