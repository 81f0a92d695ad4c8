import type { Client } from '@temporalio/client';
import { openDatabase, type Db } from '../../store/database.ts';
import { sql } from 'kysely';
import { runHere } from '../cli/run-command.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import { createTestPlace, type TestPlace } from '../support/place.ts';
import { startApiProcess, startProcess, type TidegateProcess } from '../support/processes.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';
import { eventually } from '../support/tidegate.ts';

const secret = 'op"en/s3same+w1th & more';
const forms = [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64'),
  Buffer.from(`user:${secret}`).toString('base64').slice(8, -4),
  // What would be left of one that was cut.
  's3same+w1th',
];

/** A task for each way out of it; what it says begins with the id of the task, so that it is known to have come through. */
const leaks = `
import { alias, asset, dag, envConfig, NonRetryable, resource, secret } from 'tidegate';
const { TEST_LEAKED: key } = envConfig({ TEST_LEAKED: secret() });
const files = alias('leak-files');
const out = asset('s3://leaks/out');
const soon = asset('s3://leaks/soon');
const broken = resource({ name: 'broken', setUp: ({ log }) => {
  log.warn('resource-log ' + key, { key });
  throw new Error('resource ' + key);
} });
export const leaks = dag('leaks', {}, (d) => {
  d.task('message', ({ log }) => log.info('message ' + key));
  d.task('cut', ({ log }) => log.info('cut ' + 'x'.repeat(16_370) + key));
  d.task('fields', ({ log }) => log.info('fields', { deep: [{ ['a ' + key]: 'fields ' + key }], json: JSON.stringify({ key }) }));
  d.task('url', ({ log }) => log.warn('url ?key=' + encodeURIComponent(key) + '&auth=' + btoa('user:' + key)));
  d.task('unwritable', ({ log }) => log.info('unwritable', { toJSON() { throw new Error('unwritable ' + key); } }));
  d.task('error', { retries: { max: 1, initial: '10 ms' } }, () => {
    throw new Error('error ' + key, { cause: new Error('cause ' + key) });
  });
  d.task('forbidden', () => { throw new NonRetryable('forbidden ' + key); });
  d.task('text', () => { throw 'text ' + key; });
  d.task('refused', { resources: { broken } }, () => 1);
  d.task('skipped', ({ skip }) => skip('skipped ' + key));
  d.task('note', ({ progress, heartbeat }) => {
    progress(0.5, 'note ' + key);
    heartbeat({ beat: 'beat ' + key });
  });
  const result = d.task('result', () => ({ text: 'result ' + key, list: [key] }));
  d.task('needs', { needs: { result } }, ({ needs, log }) => log.info('needs ' + needs.result.text));
  d.task('extra', { outlets: [out, soon] }, async ({ emit, emitNow }) => {
    emit(out, { extra: { extra: 'extra ' + key } });
    await emitNow(soon, { extra: { soon: 'soon ' + key } });
  });
  d.task('partition', { outlets: [out] }, ({ emit }) => emit(out, { partition: key }));
  d.task('uri', { outlets: [files] }, ({ emit }) => emit.via(files, asset('s3://leaks/' + encodeURIComponent(key))));
  d.task('described', { outlets: [files] }, ({ emit }) => {
    const options = { description: 'described ' + key, extra: { owner: 'static ' + key }, tags: ['tag ' + key] };
    emit.via(files, asset('s3://leaks/described', options), { extra: { through: 'through ' + key } });
  });
});
`;

let place: TestPlace;
let project: TempProject;
let worker: TidegateProcess;
let api: TidegateProcess;
let url: string;
let db: Db;
let client: Client;

beforeAll(async () => {
  [place, project] = await Promise.all([createTestPlace(), makeTempProject({ 'dags/leaks.ts': leaks })]);
  const variables = {
    ...place.variables,
    TIDEGATE_PROJECT: project.folder,
    TEST_LEAKED: secret,
    TIDEGATE_LOG_LEVEL: 'debug',
  };
  worker = startProcess('worker', variables);
  ({ api, url } = await startApiProcess(place.variables));
  await worker.writes('"worker ready"');
  db = openDatabase({ url: place.variables.DATABASE_URL });
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = place.variables;
  ({ client } = await connectTemporal({ address, namespace, taskQueue: 'tidegate' }));
  expect(await runHere(['dags', 'trigger', 'leaks', '-r', 'one', '--api-url', url])).toMatchObject({
    status: 0,
  });
  await eventually(isClosed, 60_000);
});
afterAll(async () => {
  for (const each of [api, worker]) each.kill('SIGTERM');
  await Promise.all([api.status, worker.status]);
  await client.connection.close();
  await db.destroy();
  await place.remove();
  await project.remove();
});

const isClosed = async (): Promise<boolean> => {
  const runs = await db.selectFrom('run').select('ended_at').execute();
  return runs.length === 1 && runs.every(({ ended_at: at }) => at !== null);
};

/** Every column of every table, as text. */
async function everyRow(): Promise<string> {
  const { rows: tables } = await sql<{ readonly name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'tidegate' order by 1`.execute(
    db,
  );
  expect(tables.length).toBeGreaterThan(20);
  const texts = tables.map(async ({ name }) => {
    const { rows } = await sql<{ readonly row: string }>`
      select row_to_json(t)::text as row from ${sql.table(`tidegate.${name}`)} as t`.execute(db);
    return rows.map(({ row }) => `${name} ${row}`).join('\n');
  });
  return (await Promise.all(texts)).join('\n');
}

/** Every history, with the bytes in it as text. */
async function everyHistory(): Promise<string> {
  const parts: string[] = [];
  const see = (value: unknown): void => {
    if (value instanceof Uint8Array) parts.push(Buffer.from(value).toString());
    else if (typeof value === 'string') parts.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(see);
  };
  for await (const { workflowId, runId } of client.workflow.list())
    see(await client.workflow.getHandle(workflowId, runId).fetchHistory());
  return parts.join('\n');
}

const formsIn = (text: string): readonly string[] => forms.filter((form) => text.includes(form));
const saying = (text: string, words: readonly string[]): readonly string[] =>
  words.filter((word) => text.includes(`${word} ***`));

describe('a secret that a task gives away in every way it can', () => {
  it('is in no column of any table', async () => {
    const rows = await everyRow();
    expect(formsIn(rows)).toEqual([]);
    const said = [
      ...[
        'message',
        'fields',
        'error',
        'forbidden',
        'text',
        'skipped',
        'note',
        'beat',
        'result',
        'needs result',
      ],
      ...['extra', 'soon', 'described', 'static', 'tag', 'through', 'unwritable'],
    ];
    expect(saying(rows, said)).toEqual(said);
    expect(rows).toContain('url ?key=***&auth=');
    expect(rows).toContain("resource 'broken' could not be set up: resource ***");
    expect(rows).toContain('the partition of an event has a secret in its name');
    expect(rows).toContain('the asset of an event has a secret in its name');
    expect(rows).toContain('a secret was taken out of the result');
  });

  it('is in no history of Temporal', async () => {
    const histories = await everyHistory();
    expect(formsIn(histories)).toEqual([]);
    expect(saying(histories, ['error', 'forbidden', 'text'])).toEqual(['error', 'forbidden', 'text']);
  });

  it("is not in the worker's own log", () => {
    const log = `${worker.output()}${worker.errors()}`;
    expect(formsIn(log)).toEqual([]);
    expect(saying(log, ['resource-log'])).toEqual(['resource-log']);
  });

  it('is not in what API and command line answer', async () => {
    const paths = ['dags/leaks/dagRuns/one/taskInstances', 'assets/events', 'assets', 'dags/leaks'];
    const answers = await Promise.all(
      paths.map(async (path) => (await fetch(`${url}/api/v2/${path}`)).text()),
    );
    const shown = await runHere(['runs', 'show', 'leaks', 'one', '--api-url', url]);
    const all = [...answers, shown.stdout, shown.stderr].join('\n');
    expect(formsIn(all)).toEqual([]);
    expect(saying(all, ['note', 'extra', 'error'])).toEqual(['note', 'extra', 'error']);
  });
});
