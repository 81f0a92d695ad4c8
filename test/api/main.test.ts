import { once } from 'node:events';
import { createServer } from 'node:net';
import { createTestPlace, type TestPlace } from '../support/place.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { startApiProcess, startProcess } from '../support/processes.ts';

let place: TestPlace;
beforeAll(async () => {
  place = await createTestPlace();
});
afterAll(() => place.remove());

/** How an API ends that cannot start, and what it says. */
async function refused(variables: NodeJS.ProcessEnv) {
  const api = startProcess('api', { ...place.variables, ...variables });
  return { status: await api.status, stderr: api.errors() };
}

describe('the API process', () => {
  it('sets up its schema, listens, and ends on SIGTERM', async () => {
    const { api, url } = await startApiProcess(place.variables);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    const startedAt = Date.now();
    api.kill('SIGTERM');
    expect(await api.status).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  });

  it.each([
    ['DATABASE_URL is not set', { DATABASE_URL: '' }],
    [
      'DATABASE_URL 127.0.0.1:1/nothing: Postgres does not answer',
      { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/nothing' },
    ],
    ['TEMPORAL_ADDRESS 127.0.0.1:1', { TEMPORAL_ADDRESS: '127.0.0.1:1' }],
  ])(
    'says "%s" in one line and ends with 2',
    async (message, variables: Record<string, string>) => {
      const { status, stderr } = await refused(variables);
      expect(status).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).not.toContain('secret');
    },
    30_000,
  );

  it('names the port that is in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { status, stderr } = await refused({ TIDEGATE_API_PORT: String(port) });
    expect([status, stderr]).toEqual([2, expect.stringContaining(`TIDEGATE_API_PORT ${port}`)]);
    server.close();
  });

  it('refuses a namespace that belongs to another project', async () => {
    const other = await createTestDatabase();
    const { status, stderr } = await refused({ DATABASE_URL: other.url });
    expect([status, stderr]).toEqual([2, expect.stringContaining('belongs to another Tidegate project')]);
    await other.drop();
  });
});
