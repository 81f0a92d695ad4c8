import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { createTestNamespace, type TestNamespace } from '../support/temporal.ts';

const main = fileURLToPath(new URL('../../api/main.ts', import.meta.url));

let database: TestDatabase;
let place: TestNamespace;
beforeAll(async () => {
  [database, place] = await Promise.all([createTestDatabase(), createTestNamespace()]);
});
afterAll(() => database.drop());

function start(variables: Readonly<Record<string, string>>) {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: {
      ...{
        PATH,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: place.address,
        TEMPORAL_NAMESPACE: place.namespace,
      },
      ...variables,
    },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const ended = once(child, 'exit').then(([status]) => ({ status: Number(status), ...output }));
  return { child, ended, output };
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(url: string): Promise<Response> {
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response !== undefined) return response;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the API process', () => {
  it('sets up its schema, listens, and ends on SIGTERM', async () => {
    const port = await freePort();
    const { child, ended } = start({ TIDEGATE_API_PORT: String(port) });
    const ready = await answering(`http://127.0.0.1:${port}/ready`);
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }]);
    const startedAt = Date.now();
    child.kill('SIGTERM');
    expect((await ended).status).toBe(0);
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
      const { status, stderr } = await start(variables).ended;
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
    const { status, stderr } = await start({ TIDEGATE_API_PORT: String(port) }).ended;
    expect([status, stderr]).toEqual([2, expect.stringContaining(`TIDEGATE_API_PORT ${port}`)]);
    server.close();
  });

  it('refuses a namespace that belongs to another project', async () => {
    const other = await createTestDatabase();
    const { status, stderr } = await start({ DATABASE_URL: other.url }).ended;
    expect([status, stderr]).toEqual([2, expect.stringContaining('belongs to another Tidegate project')]);
    await other.drop();
  });
});
