import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { commandOf } from '../../dev/processes.ts';
import { duckdb, http, postgres, shell, sql } from '../../operators/index.ts';
import { asset, dag } from '../../sdk/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type Runs, startRuns } from '../support/runs.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/tidegate.ts';

let runs: Runs;
let server: Server;
let database: TestDatabase;
let folder: TemporaryFolder;
let asked = 0;

beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(), createTemporaryFolder()]);
  server = createServer((request, response) => {
    asked += 1;
    if (request.url === '/busy' && asked === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else response.writeHead(request.url === '/wrong' ? 400 : 200).end('{"rows": 2}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const orders = asset('s3://lake/orders');
  const warehouse = postgres(() => database.url);
  runs = await startRuns([
    dag('pipeline', {}, (d) => {
      const fetched = d.task('fetch', http(`${origin}/rows`, { result: 'text' }));
      const loaded = d.task(
        'load',
        { needs: { fetched } },
        sql(
          warehouse,
          ({ needs }) => [
            'create table if not exists answers (body text)',
            { text: 'insert into answers values ($1)', parameters: [needs.fetched] },
          ],
          { result: 'count' },
        ),
      );
      const read = d.task(
        'read',
        { needs: [loaded] },
        sql(warehouse, 'select body from answers', { result: 'row' }),
      );
      const doubled = d.task(
        'double',
        sql(duckdb(), { text: 'select $1 * 2 as rows', parameters: [2] }, { result: 'row' }),
      );
      d.task(
        'print',
        { needs: { read, doubled }, outlets: [orders] },
        shell('printf', ({ needs }) => ['%s %s', JSON.stringify(needs.read), JSON.stringify(needs.doubled)]),
      );
    }),
    dag('failing', { defaults: { retries: { max: 1, initial: '10ms' } } }, (d) => {
      d.task('exit', shell('echo "no space left" >&2; exit 2', [], { shell: true }));
      d.task('wrong', http(`${origin}/wrong`));
      d.task('skipped', shell('exit 99', [], { shell: true }));
    }),
    dag('busy', { defaults: { retries: { max: 1, initial: '1h' } } }, (d) => {
      d.task('ask', http(`${origin}/busy`));
    }),
    dag('cancelled', {}, (d) => {
      const file = join(folder.path, 'pid');
      d.task('sleep', shell(`sleep 600 & echo $! > ${file}; wait`, [], { shell: true }));
    }),
    dag('slow', {}, (d) => {
      d.task('sleep', { timeout: '300ms' }, sql(warehouse, 'select pg_sleep(600)'));
    }),
  ]);
});
afterAll(async () => {
  await runs.tidegate.stop();
  server.close();
  await Promise.all([database.drop(), folder.remove()]);
});

describe('a run of operators', () => {
  it('hands results from one to the next', async () => {
    const { states, tasks, run } = await runs.runOf('pipeline');
    expect([run.state, states]).toEqual([
      'success',
      { fetch: 'success', load: 'success', read: 'success', double: 'success', print: 'success' },
    ]);
    expect(tasks.find(({ task_id }) => task_id === 'print')?.result).toBe(
      '{"body":"{\\"rows\\": 2}"} {"rows":4}',
    );
  });

  it('fails and skips as they say, with the reason', async () => {
    const { tasks } = await runs.runOf('failing');
    expect(tasks.map(({ task_id, state, error, try: tried }) => [task_id, state, tried, error])).toEqual([
      ['exit', 'failed', 2, 'the script ended with exit status 2: no space left'],
      ['skipped', 'skipped', 1, expect.stringContaining('exit status 99')],
      ['wrong', 'failed', 1, expect.stringContaining('/wrong was answered with 400: {"rows": 2}')],
    ]);
  });

  it('waits as long as a server asks for', async () => {
    asked = 0;
    const { task } = await runs.taskOf('busy');
    expect(task).toMatchObject({ state: 'success', try: 2, result: { rows: 2 } });
  });

  it('leaves no process when it is cancelled', async () => {
    const { tidegate } = runs;
    const runId = await tidegate.trigger('cancelled');
    const pid = await eventually(
      async () => Number(await readFile(join(folder.path, 'pid'), 'utf8').catch(() => '')) || undefined,
    );
    await tidegate.run('cancelled', runId).cancel();
    expect((await tidegate.closed('cancelled', runId)).state).toBe('failed');
    await eventually(async () => commandOf(pid) === undefined);
    const [task] = await tidegate.tasksOf('cancelled', runId);
    expect(task).toMatchObject({ state: 'failed', error: 'cancelled' });
  });

  it('leaves no statement when its time is out', async () => {
    const { task } = await runs.taskOf('slow');
    expect(task).toMatchObject({ state: 'failed', error: 'the try took longer than its time-out of 300 ms' });
  });
});
