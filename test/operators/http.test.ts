import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { z } from 'zod';
import { http } from '../../operators/index.ts';
import type { TaskContext } from '../../sdk/index.ts';
import { forbidsRetry, pauseAskedBy } from '../../sdk/retry-errors.ts';
import { aTaskContext } from '../support/task-context.ts';

interface Heard {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers by its path, and remembers what it was asked. */
async function serve(): Promise<{
  readonly origin: string;
  readonly heard: Heard[];
  readonly server: Server;
}> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://here');
      heard.push({ method: request.method, path: url.pathname, headers: request.headers, body });
      const status = Number(url.searchParams.get('status') ?? 200);
      const headers = JSON.parse(url.searchParams.get('headers') ?? '{}') as Record<string, string>;
      if (url.pathname === '/silent') return;
      if (url.pathname === '/loop') {
        response.writeHead(302, { location: '/loop' }).end();
        return;
      }
      response.writeHead(status, headers);
      if (url.pathname === '/endless') {
        response.write('x'.repeat(2_000_000));
        return;
      }
      response.end(url.searchParams.get('answer') ?? '');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { origin: `http://127.0.0.1:${port}`, heard, server };
}

let one: Awaited<ReturnType<typeof serve>>;
let other: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  [one, other] = [await serve(), await serve()];
});
afterAll(() => {
  for (const { server } of [one, other]) {
    server.closeAllConnections();
    server.close();
  }
});

/** Runs a task's function as a worker does, with a signal of its own. */
function running<Result>(task: (context: TaskContext) => Promise<Result>, change: Partial<TaskContext> = {}) {
  const { context, said } = aTaskContext();
  const stopping = new AbortController();
  const result = task({ ...context, params: {}, signal: stopping.signal, ...change });
  return { said, stopping, result, failure: result.then(() => undefined).catch((error: unknown) => error) };
}
const at = (origin: string, path: string, query: Readonly<Record<string, string>> = {}): string =>
  `${origin}${path}?${new URLSearchParams(query).toString()}`;

describe('a request', () => {
  it('sends JSON and returns JSON, checked by its schema', async () => {
    const task = http(at(one.origin, '/orders', { answer: '{"rows": 3}', status: '201' }), {
      body: ({ dagId }) => ({ of: dagId }),
      schema: z.object({ rows: z.number() }),
    });
    expect(await running(task).result).toEqual({ rows: 3 });
    expect(one.heard.at(-1)).toMatchObject({
      ...{ method: 'POST', path: '/orders', body: '{"of":"a_dag"}' },
      headers: { 'content-type': 'application/json' },
    });
    expect(one.heard.at(-1)?.headers).not.toHaveProperty('idempotency-key');
    const wrong = http(at(one.origin, '/', { answer: '{"rows": null}' }), {
      schema: z.object({ rows: z.number() }),
    });
    expect(String(await running(wrong).failure)).toContain('does not meet its schema: result.rows');
  });

  it('returns text, nothing, or null for an empty body', async () => {
    const url = at(one.origin, '/', { answer: 'plain' });
    expect(await running(http(url, { result: 'text' })).result).toBe('plain');
    expect(await running(http(url, { result: 'none' })).result).toBeNull();
    expect(await running(http(at(one.origin, '/', { status: '204' }))).result).toBeNull();
    const error = await running(http(url)).failure;
    expect(String(error)).toContain('the answer is not JSON');
    expect(forbidsRetry(error)).toBe(true);
  });

  it('has the same idempotency key in every try of an attempt, and another in the next attempt', async () => {
    const task = http(at(one.origin, '/'), { method: 'PUT', idempotencyKey: true });
    const { run } = aTaskContext().context;
    const keyOf = async (change: Partial<TaskContext>): Promise<unknown> => {
      await running(task, change).result;
      return one.heard.at(-1)?.headers['idempotency-key'];
    };
    const first = await keyOf({ try: 1 });
    expect(first).toMatch(/^[\w-]{43}$/);
    expect(await keyOf({ try: 2 })).toBe(first);
    expect(await keyOf({ run: { ...run, attempt: 2 } })).not.toBe(first);
  });

  it.each([400, 401, 404, 409, 422])('that is refused with %i is not sent again', async (status) => {
    const { failure } = running(
      http(at(one.origin, '/x', { status: String(status), answer: 'no such day' })),
    );
    const error = await failure;
    expect(forbidsRetry(error)).toBe(true);
    expect(String(error)).toContain(`GET ${one.origin}/x was answered with ${status}: no such day`);
  });

  it.each([408, 425, 429, 500, 503])('that is refused with %i may be sent again', async (status) => {
    const error = await running(http(at(one.origin, '/', { status: String(status) }))).failure;
    expect(error).toMatchObject({ name: 'HttpFailed' });
    expect(forbidsRetry(error)).toBe(false);
    const later = at(one.origin, '/', { status: String(status), headers: '{"retry-after": "7"}' });
    expect(pauseAskedBy(await running(http(later)).failure)).toBe(7_000);
  });

  it('says which status is success', async () => {
    const url = at(one.origin, '/', { status: '404', answer: '[]' });
    expect(await running(http(url, { expectedStatus: [200, 404] })).result).toEqual([]);
    const created = http(at(one.origin, '/'), { expectedStatus: [201] });
    expect(String(await running(created).failure)).toContain('was answered with 200');
  });

  it('reads no more than a megabyte', async () => {
    const error = await running(http(at(one.origin, '/endless'), { result: 'text' })).failure;
    expect(String(error)).toContain('larger than the 1048576 bytes');
  });

  it('ends when its task does', async () => {
    const { result, stopping } = running(http(at(one.origin, '/silent')));
    stopping.abort(new Error('CANCELLED'));
    await expect(result).rejects.toThrow('CANCELLED');
  });

  it('says why there was no answer', async () => {
    const { origin, server } = await serve();
    server.close();
    const error = await running(http(`${origin}/x`)).failure;
    expect(String(error)).toBe(
      `HttpFailed: GET ${origin}/x was not answered: connect ECONNREFUSED ${new URL(origin).host}`,
    );
  });
});

describe('a request that is redirected', () => {
  const to = (origin: string, path: string, status: number): string =>
    at(one.origin, '/from', { status: String(status), headers: JSON.stringify({ location: origin + path }) });
  const headers = { authorization: 'Bearer hunter2', 'x-api-key': 'hunter2', accept: 'text/plain' };

  it('takes its headers along to the same origin, and no secret to another one', async () => {
    await running(http(to(one.origin, '/to', 307), { headers, result: 'none' })).result;
    expect(one.heard.at(-1)).toMatchObject({ path: '/to', headers });
    await running(http(to(other.origin, '/to', 307), { headers, body: { a: 1 }, result: 'none' })).result;
    expect(other.heard.at(-1)).toMatchObject({ method: 'POST', path: '/to', body: '{"a":1}' });
    expect(JSON.stringify(other.heard.at(-1))).not.toContain('hunter2');
    expect(other.heard.at(-1)?.headers).toMatchObject({ accept: 'text/plain' });
  });

  it('becomes a GET where what was posted is to be looked at elsewhere', async () => {
    await running(http(to(one.origin, '/seen', 303), { body: { a: 1 }, result: 'none' })).result;
    expect(one.heard.at(-1)).toMatchObject({ method: 'GET', path: '/seen', body: '' });
  });

  it('does not go in circles, nor to what is no web address', async () => {
    const error = await running(http(`${one.origin}/loop`)).failure;
    expect(String(error)).toContain('redirects more than 10 times');
    expect(forbidsRetry(error)).toBe(true);
    const file = await running(http(to('file:///etc', '/passwd', 302))).failure;
    expect(String(file)).toContain('redirects to what is no web address');
  });
});

describe('secrets of a request', () => {
  it('are in no log and no error', async () => {
    const url = at(one.origin, '/x', { status: '500', token: 'hunter2' }).replace('//', '//user:hunter2@');
    const { failure, said } = running(http(url, { headers: { 'x-api-key': 'hunter2' } }));
    const error = await failure;
    expect(one.heard.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from('user:hunter2').toString('base64')}`,
    );
    const invalid = await running(http(one.origin, { headers: { 'x-api-key': 'hunter2\nx' } })).failure;
    expect(String(invalid)).toContain('header "x-api-key" is not valid');
    const unparsed = await running(http('https//user:hunter2@host')).failure;
    expect(String(unparsed)).toContain('url is not valid');
    const unheard = await running(http('http://user:hunter2@127.0.0.1:1/?token=hunter2')).failure;
    for (const each of [error, invalid, unparsed, unheard]) {
      expect(each).toBeInstanceOf(Error);
      expect(each instanceof Error && `${each.message}${each.stack}`).not.toContain('hunter2');
    }
    expect(JSON.stringify(said.logged)).not.toContain('hunter2');
    expect(said.logged).not.toEqual([]);
  });
});
