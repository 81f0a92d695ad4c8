import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { z } from 'zod';
import { duckdb, postgres, sql, type SqlDatabase, type SqlStatement } from '../../operators/index.ts';
import type { TaskContext } from '../../sdk/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { aTaskContext } from '../support/task-context.ts';
import { repository } from '../support/temp-project.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/tidegate.ts';

let database: TestDatabase;
let folder: TemporaryFolder;
let client: Client;
beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(), createTemporaryFolder()]);
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await Promise.all([database.drop(), folder.remove()]);
});

/** Runs a task's function as a worker does, with a signal of its own. */
function running<Result>(task: (context: TaskContext) => Promise<Result>) {
  const { context, said } = aTaskContext();
  const stopping = new AbortController();
  const result = task({ ...context, params: {}, signal: stopping.signal });
  return { said, stopping, result, failure: result.then(() => undefined).catch((error: unknown) => error) };
}
const rowsOf = (where: SqlDatabase, statement: SqlStatement) =>
  running(sql(where, statement, { result: 'rows' })).result;

describe.each([
  ['Postgres', () => postgres(() => database.url)],
  ['DuckDB', () => duckdb(() => join(folder.path, 'warehouse.duckdb'))],
])('statements on %s', (name, where) => {
  beforeAll(() => running(sql(where(), 'create table orders (id integer primary key, region text)')).result);
  const count = async (): Promise<unknown> => (await rowsOf(where(), 'select id from orders')).length;

  it('get their values as parameters, from the context too', async () => {
    const evil = "'; drop table orders; --";
    const task = sql(where(), ({ dagId }) => ({
      text: 'insert into orders values ($1, $2), ($3, $4)',
      parameters: [1, dagId, 2, evil],
    }));
    expect(await running(task).result).toBe(2);
    expect(await rowsOf(where(), 'select * from orders order by id')).toEqual([
      { id: 1, region: 'a_dag' },
      { id: 2, region: evil },
    ]);
  });

  it('return rows, the first one, how many there were, or nothing', async () => {
    const select = { text: 'select id from orders where id > $1 order by id', parameters: [0] };
    expect(await running(sql(where(), select, { result: 'row' })).result).toEqual({ id: 1 });
    expect(await running(sql(where(), select)).result).toBe(2);
    expect(await running(sql(where(), select, { result: 'none' })).result).toBeNull();
    const none = { text: 'select id from orders where id > $1', parameters: [9] };
    expect(await running(sql(where(), none, { result: 'row' })).result).toBeNull();
    const schema = z.array(z.object({ id: z.string() }));
    const wrong = await running(sql(where(), select, { result: 'rows', schema })).failure;
    expect(String(wrong)).toContain('does not meet its schema: result.0.id');
  });

  it('are one transaction', async () => {
    const before = await count();
    const task = sql(where(), [
      { text: 'insert into orders values ($1, $2)', parameters: [10, 'eu'] },
      'insert into orders select id, region from no_such_table',
    ]);
    expect(String(await running(task).failure)).toMatch(/no_such_table.* (does not|not) exist/i);
    expect(await count()).toBe(before);
    const both = sql(where(), ['delete from orders where id = 1', "insert into orders values (1, 'us')"]);
    expect(await running(both).result).toBe(1);
    expect(await count()).toBe(before);
  });

  it('keep days, times and large numbers as they are', async () => {
    const text =
      "select date '2026-03-29' as day, timestamp '2026-03-29 02:30:00' as at, 9007199254740993::bigint as n";
    expect(await rowsOf(where(), text)).toEqual([
      { day: '2026-03-29', at: '2026-03-29 02:30:00', n: '9007199254740993' },
    ]);
    const instant = { text: 'select ($1::timestamptz) as at', parameters: [new Date(0)] };
    const [row = {}] = JSON.parse(JSON.stringify(await rowsOf(where(), instant)));
    expect(row.at).toMatch(/^1970-01-01[T ]00:00:00(?:\.000Z|\+00)$/);
  });

  it('have no larger rows than a result may be', async () => {
    const many = "select repeat('x', 1000) as text from generate_series(1, 100000) as s(i)";
    const error = await running(sql(where(), many, { result: 'rows' })).failure;
    expect(String(error)).toContain('the rows are more than 262144 bytes as JSON');
    expect(await running(sql(where(), many, { result: 'row' })).result).toEqual({ text: 'x'.repeat(1_000) });
  });

  it('say what is wrong with them, and no value', async () => {
    const task = sql(where(), { text: 'select cast($1::text as integer)', parameters: ['hunter2'] });
    const { failure, said } = running(task);
    const error = await failure;
    expect(error).toMatchObject({ name: 'SqlFailed' });
    expect(String(error)).toMatch(/"\(a parameter\)"|'\(a parameter\)'/);
    expect(error instanceof Error && `${error.message}${error.stack}`).not.toContain('hunter2');
    expect(JSON.stringify(said.logged)).not.toContain('hunter2');
    expect(String(await running(sql(where(), '  ')).failure)).toContain('statement 1 has no text');
    const wrong = sql(where(), { text: 'select $1', parameters: [undefined as never] });
    expect(String(await running(wrong).failure)).toContain('parameter 1 of statement 1 is no value');
  });

  it('end when their task does, and leave nothing', async () => {
    const before = await count();
    const endless =
      name === 'Postgres'
        ? 'select pg_sleep(600)'
        : 'select sum(a.i * b.i % 7) from range(10000000) a(i), range(10000000) b(i)';
    const statements = [{ text: 'insert into orders values ($1, $2)', parameters: [77, 'eu'] }, endless];
    const { stopping, failure, said } = running(sql(where(), statements));
    const busy = async (): Promise<number> => {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and state = 'active' and query = 'select pg_sleep(600)'`,
      );
      return rows[0]?.count ?? 0;
    };
    if (name === 'Postgres') await eventually(async () => (await busy()) === 1);
    // It may be interrupted in either of its statements.
    else await new Promise((settle) => setTimeout(settle, 300));
    expect(said.logged).toEqual([]);
    stopping.abort(new Error('CANCELLED'));
    expect(String(await failure)).toBe('Error: CANCELLED');
    expect(await busy()).toBe(0);
    expect(await count()).toBe(before);
  });
});

describe('Postgres', () => {
  it('is no address without its scheme, and says no password', async () => {
    for (const url of ['host=db password=hunter2', 'mysql://u:hunter2@db/x']) {
      const error = await running(sql(postgres(url), 'select 1')).failure;
      expect(String(error)).toContain('the address of Postgres is not valid');
      expect(error instanceof Error && `${error.message}${error.stack}`).not.toContain('hunter2');
    }
    const away = await running(sql(postgres('postgres://u:hunter2@127.0.0.1:1/x'), 'select 1')).failure;
    expect(String(away)).toContain('ECONNREFUSED');
    expect(away instanceof Error && `${away.message}${away.stack}`).not.toContain('hunter2');
  });
});

describe('DuckDB', () => {
  it('reads files, in memory', async () => {
    const [csv, parquet] = [join(folder.path, 'orders.csv'), join(folder.path, 'orders.parquet')];
    await writeFile(csv, 'id,amount\n1,2.5\n2,4.5\n');
    const write = sql(duckdb(), `copy (select * from read_csv('${csv}')) to '${parquet}' (format parquet)`);
    await running(write).result;
    const read = { text: 'select sum(amount) as total from read_parquet($1)', parameters: [parquet] };
    expect(await rowsOf(duckdb(), read)).toEqual([{ total: 7 }]);
  });

  it('lets tasks share a file', async () => {
    const where = duckdb(join(folder.path, 'shared.duckdb'));
    await running(sql(where, 'create table t (n integer)')).result;
    const inserts = [1, 2, 3, 4].map((n) =>
      sql(where, { text: 'insert into t values ($1)', parameters: [n] }),
    );
    await Promise.all(inserts.map((task) => running(task).result));
    expect(await rowsOf(where, 'select sum(n)::integer as sum from t')).toEqual([{ sum: 10 }]);
  });

  it('is a package to install, which nothing else needs', async () => {
    const program = join(folder.path, 'without.mts');
    const hooks = `export async function resolve(specifier, context, next) {
      if (specifier !== '@duckdb/node-api') return next(specifier, context);
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
    await writeFile(
      program,
      `import { register } from 'node:module';
       register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
       const { duckdb, sql } = await import('${repository}/operators/index.ts');
       const context = { signal: new AbortController().signal, log: { info() {} } };
       await sql(duckdb(), 'select 1')(context).catch((error) => console.log(String(error)));`,
    );
    const env = { ...process.env, NODE_OPTIONS: '' };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program], {
      cwd: repository,
      env,
    });
    expect(stdout).toBe(
      'NonRetryable: DuckDB is not installed where the worker runs: npm install @duckdb/node-api\n',
    );
  });
});
