import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { Client } from 'pg';
import { WorkerResources } from '../../activities/index.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { Json } from '../../core/json.ts';
import {
  binaryFiles,
  jsonFiles,
  parquetFiles,
  postgresTable,
  s3Binary,
  s3Json,
  s3Text,
  textFiles,
} from '../../io/index.ts';
import { optionalPackage } from '../../io/optional-package.ts';
import type { IoManager, SaveContext } from '../../sdk/index.ts';
import { startStore, type TestStore } from '../support/store.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

type Place = Partial<Pick<SaveContext, 'try' | 'partitionKey'>> & { readonly run?: string };

let store: TestStore;
let database: TestDatabase;
let client: Client;
let folder: TemporaryFolder;
let s3: S3Server;
let services: WorkerResources;
const warnings: string[] = [];
const log = {
  debug: () => {},
  info: () => {},
  warn: (message: string) => void warnings.push(message),
  error: () => {},
};

beforeAll(async () => {
  [store, database, folder, s3] = await Promise.all([
    startStore([]),
    createTestDatabase(),
    createTemporaryFolder(),
    startS3(),
  ]);
  services = new WorkerResources({ db: store.db, clock: Date.now, log });
  client = new Client({ connectionString: database.url });
  await client.connect();
}, 15 * 60_000);
afterAll(async () => {
  await services.close();
  await client.end();
  await s3.stop();
  await Promise.all([database.drop(), store.stop(), folder.remove()]);
});

/** What a worker does with an IO manager, with its own resources. */
async function context(io: IoManager, { run = 'manual__2026-01-01T00:00:00+00:00', ...place }: Place) {
  const dagId = parseDagId('a_dag');
  const at = { dagId, runId: parseRunId(dagId, run), attempt: 1, taskId: parseTaskId('a_task') };
  const { services: given } = await services.use(io.resources, at);
  const { signal } = new AbortController();
  return { ...at, try: 1, partitionKey: null, asset: null, signal, log, resources: { ...given }, ...place };
}
const save = async (io: IoManager, value: unknown, place: Place = {}): Promise<Json> =>
  JSON.parse(JSON.stringify(await io.save(value, await context(io, place))));
const load = async (io: IoManager, reference: Json): Promise<unknown> =>
  io.load(reference, await context(io, {}));
const remove = async (io: IoManager, reference: Json): Promise<void> =>
  io.remove(reference, await context(io, {}));

const bytes = Buffer.from([0, 255, 128, 10]);
const rows = [
  {
    id: 1,
    'a name': "it's",
    price: 1.5,
    isNew: true,
    at: new Date('2026-01-02T03:04:05.678Z'),
    tags: ['a', { b: 1 }],
  },
  { id: 2, 'a name': '2024-01-01', price: 2, isNew: false, at: null, tags: null },
];
const kinds = (): Readonly<Record<string, readonly [IoManager, unknown]>> => ({
  'JSON files': [jsonFiles({ folder: join(folder.path, 'json') }), { rows: [1, 'ü'], none: null }],
  'text files': [textFiles({ folder: join(folder.path, 'text') }), 'line\nünï\r\n'],
  'binary files': [binaryFiles({ folder: join(folder.path, 'binary') }), bytes],
  'JSON in S3': [s3Json({ ...s3, prefix: 'deep/er/' }), { rows: [1, 'ü'] }],
  'text in S3': [s3Text(s3), 'line\nünï'],
  'bytes in S3': [s3Binary(s3), bytes],
  'Parquet files': [parquetFiles({ folder: join(folder.path, 'parquet') }), rows],
});

describe.each(Object.keys({ ...kindsNamed() }))('%s', (name) => {
  const kind = (): readonly [IoManager, unknown] => kinds()[name] ?? [jsonFiles({ folder: '' }), name];

  it('give back what was saved, and keep each try to itself', async () => {
    const [io, value] = kind();
    const [one, two] = [await save(io, value), await save(io, value, { try: 2 })];
    expect(one).not.toEqual(two);
    expect(await load(io, one)).toEqual(value);
    await remove(io, one);
    expect(await load(io, two)).toEqual(value);
    // Twice, as after an answer that was lost.
    await remove(io, one);
    await expect(load(io, one)).rejects.toThrow(/is not there any more: run the task that made it again/);
  });
});

function kindsNamed(): Readonly<Record<string, true>> {
  const names = [
    'JSON files',
    'text files',
    'binary files',
    'JSON in S3',
    'text in S3',
    'bytes in S3',
    'Parquet files',
  ];
  return Object.fromEntries(names.map((name) => [name, true]));
}

describe('a package that only some need', () => {
  it('is named, with what to do, where it is not installed', async () => {
    const name = 'tidegate-is-not-installed';
    const missing = optionalPackage('lake', name, () => import(name));
    await expect(missing).rejects.toThrow(`IO manager 'lake' needs the package ${name}: npm install ${name}`);
    const broken = optionalPackage('lake', name, () => Promise.reject(new Error('it broke')));
    await expect(broken).rejects.toThrow('it broke');
  });
});

describe('files', () => {
  it('are written whole or not at all', async () => {
    const io = jsonFiles({ folder: join(folder.path, 'whole') });
    const reference = await save(io, { a: 1 });
    expect(reference).toEqual({
      path: 'a_dag/manual__2026-01-01T00%3A00%3A00%2B00%3A00/1/a_task/1.json',
      bytes: 7,
    });
    const at = join(folder.path, 'whole/a_dag/manual__2026-01-01T00%3A00%3A00%2B00%3A00/1/a_task');
    expect(await readFile(join(at, '1.json'), 'utf8')).toBe('{"a":1}');
    expect(await readdir(at)).toEqual(['1.json']);
    // No folder may be made where a file is: nothing half is left.
    await rm(at, { recursive: true });
    await mkdir(join(at, '1.json'), { recursive: true });
    await writeFile(join(at, '1.json/other'), '');
    await expect(save(io, { a: 2 })).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(await readdir(at)).toEqual(['1.json']);
  });

  it('are seen whole by whoever reads while they are written', async () => {
    const io = textFiles({ folder: join(folder.path, 'seen') });
    const length = 8_000_000;
    const reference = await save(io, 'a'.repeat(length));
    let isWriting = true;
    const writing = (async () => {
      for (const letter of 'bcdef') await save(io, letter.repeat(length));
      isWriting = false;
    })();
    const lengths = new Set<number>();
    while (isWriting) lengths.add(String(await load(io, reference)).length);
    await writing;
    expect([...lengths]).toEqual([length]);
  });

  it('are never read outside of their folder', async () => {
    const io = textFiles({ folder: join(folder.path, 'text') });
    await expect(load(io, { path: '../json/secret.json', bytes: 1 })).rejects.toThrow(/is not in .*text/);
  });

  it.each([
    ['text', textFiles, 7, /type number cannot be saved as text: return a text/],
    ['bytes', binaryFiles, 'text', /type string cannot be saved as binary/],
    ['JSON', jsonFiles, () => 1, /type function cannot be saved as json/],
  ])('refuse what is no %s', async (_, make, value, message) => {
    const io: IoManager = make({ folder: folder.path });
    await expect(save(io, value)).rejects.toThrow(message);
  });
});

describe('Parquet files', () => {
  const parquet = (): IoManager => parquetFiles({ folder: join(folder.path, 'tables') });

  it('are read by others, with the types of their columns', async () => {
    const reference = await save(parquet(), rows);
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    const file = join(folder.path, 'tables', String((reference as { readonly path: string }).path));
    const read = await connection.runAndReadAll(`describe select * from read_parquet('${file}')`);
    connection.closeSync();
    instance.closeSync();
    expect(read.getRowObjectsJS().map((column) => [column['column_name'], column['column_type']])).toEqual([
      ['id', 'BIGINT'],
      ['a name', 'VARCHAR'],
      ['price', 'DOUBLE'],
      ['isNew', 'BOOLEAN'],
      ['at', 'TIMESTAMP'],
      ['tags', 'JSON'],
    ]);
  });

  it('may have no rows, and rows without some columns', async () => {
    const io = parquet();
    expect(await load(io, await save(io, []))).toEqual([]);
    expect(await load(io, await save(io, [{ a: 1 }, { b: 'x' }], { try: 2 }))).toEqual([
      { a: 1, b: null },
      { a: null, b: 'x' },
    ]);
  });

  it.each([
    ['no table', 'text', /result "text" is no table: return an array of objects/],
    ['types that do not go together', [{ a: 1 }, { a: 'x' }], /column 'a' has both BIGINT and VARCHAR/],
    ['no number', [{ a: Number.NaN }], /column 'a' has a NaN: use null/],
    ['no value of a table', [{ a: 1n }], /column 'a' has a bigint/],
  ])('refuse %s', async (_, value, message) => {
    await expect(save(parquet(), value)).rejects.toThrow(message);
  });
});

describe('a table of Postgres', () => {
  const table = (options: { readonly replaces?: 'partition'; readonly table?: string } = {}): IoManager =>
    postgresTable({ connectionString: database.url, table: 'sales.orders', ...options });
  const stored = [
    { id: 1, "o'clock": '2026-01-01T12:00:00' },
    { id: 2, "o'clock": null },
  ];
  const ids = async (): Promise<readonly number[]> => {
    const { rows: found } = await client.query<{ readonly id: number }>(
      'select id from sales.orders order by id',
    );
    return found.map(({ id }) => id);
  };
  beforeEach(async () => {
    await client.query(`drop schema if exists sales cascade; create schema sales;
      create table sales.orders (id int not null, "o'clock" timestamp, tidegate_result text not null)`);
  });

  it('has the rows of each try beside one another, and gives back those of the one that is asked for', async () => {
    const io = table();
    const one = await save(io, stored);
    const two = await save(io, [{ id: 3 }], { try: 2 });
    expect(await ids()).toEqual([1, 2, 3]);
    expect(await load(io, one)).toEqual([
      { id: 1, "o'clock": expect.any(Date) },
      { id: 2, "o'clock": null },
    ]);
    expect(await load(io, two)).toEqual([{ id: 3, "o'clock": null }]);
    await remove(io, one);
    expect(await ids()).toEqual([3]);
    await expect(load(io, one)).rejects.toThrow(/has 0 rows of the saved result .*, of 2/);
  });

  it('has the rows of a partition once: those of the next run replace them, at once', async () => {
    const io = table({ replaces: 'partition' });
    await save(io, [{ id: 1 }], { partitionKey: '2026-01', run: 'a' });
    await save(io, [{ id: 2 }], { partitionKey: '2026-02', run: 'b' });
    const replaced = await save(io, [{ id: 3 }], { partitionKey: '2026-01', run: 'c' });
    expect(await ids()).toEqual([2, 3]);
    expect(await load(io, replaced)).toEqual([{ id: 3, "o'clock": null }]);
  });

  it('keeps what a later try wrote from an earlier one that comes late', async () => {
    const io = table({ replaces: 'partition' });
    await save(io, [{ id: 10 }], { try: 10, partitionKey: 'a' });
    await expect(save(io, [{ id: 9 }], { try: 9, partitionKey: 'a' })).rejects.toThrow(
      /this one is too late/,
    );
    expect(await ids()).toEqual([10]);
  });

  it('has none of the rows where one does not fit', async () => {
    await expect(save(table(), [{ id: 1 }, { id: null }])).rejects.toThrow(/null value in column "id"/);
    expect(await ids()).toEqual([]);
    const io = table({ replaces: 'partition' });
    const before = await save(io, [{ id: 1 }], { partitionKey: 'a' });
    await expect(save(io, [{ id: null }], { partitionKey: 'a', run: 'b' })).rejects.toThrow(/null value/);
    expect(await load(io, before)).toEqual([{ id: 1, "o'clock": null }]);
    await expect(save(table({ table: 'sales.missing' }), [{ id: 1 }])).rejects.toThrow(
      /"sales.missing" does not exist/,
    );
  });
});
