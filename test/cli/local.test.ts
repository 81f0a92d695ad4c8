import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { exitStatus } from '../../cli/exit-status.ts';
import { choosePort } from '../../dev/ports.ts';
import { historiesFolder } from '../support/histories.ts';
import { createTestPlace, type TestPlace } from '../support/place.ts';
import { startNode, type TidegateProcess } from '../support/processes.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';
import { eventually } from '../support/tidegate.ts';
import { type Ended, runCommand, runHere, tidegate } from './run-command.ts';

const dags = `
import { asset, cron, dag } from 'tidegate';
export const orders = asset('S3://lake/orders/', { owners: ['sales', 'ann@example.com'], group: 'lake' });
export const nightly = dag('nightly', { schedule: cron('0 3 * * *') }, (d) => {
  d.task('work', async ({ log }) => log.info('worked'));
});
`;

let place: TestPlace;
let project: TempProject;
let variables: NodeJS.ProcessEnv;
beforeAll(async () => {
  [place, project] = await Promise.all([createTestPlace(), makeTempProject({ 'dags/nightly.ts': dags })]);
  const port = String(await choosePort({ kind: 'any' }));
  const api = { TIDEGATE_API_PORT: port, TIDEGATE_API_URL: `http://127.0.0.1:${port}` };
  variables = { ...place.variables, ...api };
});
afterAll(async () => {
  await project.remove();
  await place.remove();
});

const run = (...args: readonly string[]): Promise<Ended> =>
  runCommand(args, { cwd: project.folder, env: variables });

describe('check', () => {
  it('counts what compiles, and ends with 1 and the errors of what does not', async () => {
    expect(await run('check')).toMatchObject({
      status: exitStatus.ok,
      stdout: 'dags           1\nassets         1\nimport errors  0\n',
    });
    await project.write('dags/broken.ts', 'export const broken = ;\n');
    const { status, stdout, stderr } = await run('check', '-o', 'json');
    await project.write('dags/broken.ts', 'export {};\n');
    expect(status).toBe(exitStatus.failed);
    expect(JSON.parse(stdout)).toMatchObject({
      dags: ['nightly'],
      import_errors: [{ filename: 'dags/broken.ts' }],
    });
    expect(stderr).toMatch(/^tidegate: 1 of the project's files .+ dags\/broken\.ts\n$/);
  });

  it('shows warnings with their place, and is content with them', async () => {
    const users = `import { asset } from 'tidegate';\nexport const users = asset('mysql://h/users');\n`;
    await project.write('dags/users.ts', users);
    const [people, script] = await Promise.all([run('check'), run('check', '-o', 'json')]);
    await project.write('dags/users.ts', 'export {};\n');
    const message = `asset 'mysql://h/users': it is not written as its scheme expects: mysql://host[:3306]/database/table`;
    expect(people).toMatchObject({ status: exitStatus.ok, stderr: '' });
    expect(people.stdout).toContain(`\nwarnings\nPLACE            WARNING\ndags/users.ts:2  ${message}\n`);
    expect(JSON.parse(script.stdout).warnings).toEqual([{ place: 'dags/users.ts:2', message }]);
  });

  it('replays recorded histories, and ends with 1 naming those that would decide otherwise', async () => {
    const recorded = join(historiesFolder, 'tick--scheduled.json');
    const history = await readFile(recorded, 'utf8');
    await project.write('histories/good.json', history);
    const good = await run('check', '--replay', 'histories');
    expect(good).toMatchObject({ status: exitStatus.ok });
    expect(good.stdout).toContain('histories      1\n');
    await project.write('histories/other.json', history.replaceAll('requestTick', 'somethingElse'));
    const { status, stdout, stderr } = await run('check', '--replay', 'histories', '-o', 'json');
    expect(status).toBe(exitStatus.failed);
    expect(JSON.parse(stdout)).toMatchObject({ histories: 2, replay_problems: [{ file: 'other.json' }] });
    expect(stderr).toBe('tidegate: 1 histories do not replay with this version: other.json\n');
    expect(await run('check', '--replay', 'dags')).toMatchObject({ status: exitStatus.invalid });
  });

  it('ends with 2 where there is no project', async () => {
    const { status, stderr } = await run('check', join(project.folder, 'dags'));
    expect(status).toBe(exitStatus.invalid);
    expect(stderr).toMatch(/^tidegate: \S+ has no tidegate\.config\.ts: .+\n$/);
  });
});

describe('commands that need a server', () => {
  it('end with 2 when none is named and with 3 when it does not answer, in one line', async () => {
    const nowhere = 'postgres://nobody@127.0.0.1:1/nothing';
    const [unnamed, noPostgres, noTemporal] = await Promise.all([
      runCommand(['db', 'migrate'], { cwd: project.folder }),
      runCommand(['db', 'migrate'], { env: { DATABASE_URL: nowhere } }),
      runCommand(['replay', 'dag/any'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } }),
    ]);
    expect(unnamed.stderr).toMatch(/^tidegate: DATABASE_URL is not set, and no stack .+\n$/);
    expect(noPostgres.stderr).toMatch(/^tidegate: DATABASE_URL 127\.0\.0\.1:1\/nothing: .+\n$/);
    expect(noTemporal.stderr).toMatch(/^tidegate: TEMPORAL_ADDRESS 127\.0\.0\.1:1.+\n$/);
    const { invalid, unreachable } = exitStatus;
    expect([unnamed, noPostgres, noTemporal].map(({ status }) => status)).toEqual([
      invalid,
      unreachable,
      unreachable,
    ]);
  });
});

describe('a project, from an empty database to a run', () => {
  const processes: TidegateProcess[] = [];
  const start = (name: string): void =>
    void processes.push(startNode([tidegate, name], { cwd: project.folder, variables }));
  afterAll(async () => {
    for (const each of processes) each.kill('SIGTERM');
    await Promise.all(processes.map(({ status }) => status));
  });

  it('migrates, deploys twice, serves, works, and is found in order by the doctor', async () => {
    expect((await run('db', 'migrate', '-o', 'json')).stdout).toContain('0001-spine');
    expect((await run('db', 'migrate')).stdout).toMatch(/ran {5}nothing: it is up to date\n$/);
    expect((await run('deploy')).stdout).toBe(
      'created    nightly\nchanged    none\nretired    none\nunchanged  0\n',
    );
    expect(JSON.parse((await run('deploy', '-o', 'json')).stdout)).toMatchObject({
      created: [],
      unchanged: ['nightly'],
    });
    const alone = await run('doctor');
    expect(alone.status).toBe(exitStatus.failed);
    expect(alone.stdout).toMatch(/✗ api .+\n/);
    expect(alone.stdout).toMatch(/✗ worker +nobody polls task queue tidegate: start `tidegate worker`/);
    expect(alone.stdout).toMatch(/✓ schedules +1 of 1 are there\n/);

    start('api');
    start('worker');
    await eventually(async () => (await runHere(['health'], { env: variables })).status === exitStatus.ok);
    const asked = await runHere(['dags', 'trigger', 'nightly', '-r', 'by-hand', '--wait'], {
      env: variables,
    });
    expect(asked.status).toBe(exitStatus.ok);
    const doctor = await run('doctor');
    expect(doctor).toMatchObject({ status: exitStatus.ok, stderr: '' });
    expect(doctor.stdout).toMatch(/✓ history +Temporal keeps histories for 1d, runs are kept for ever\n/);
  });

  it('says what it would prune, prunes, and warns where Temporal forgets sooner', async () => {
    const none = await run('db', 'prune');
    expect(none.stderr).toMatch(/^tidegate: --older-than is expected: the project says nothing of retention/);
    expect((await run('db', 'prune', '--older-than', '5m')).stderr).toContain('use at least an hour');
    const would = await run('db', 'prune', '--runs-older-than', '90d', '--dry-run', '-o', 'json');
    expect(JSON.parse(would.stdout)).toMatchObject({ dry_run: true, removed: { run: 0, task_log: 0 } });
    await project.write(
      'tidegate.config.ts',
      `import { defineConfig } from 'tidegate';\nexport default defineConfig({ retention: { runs: '90 days' } });\n`,
    );
    await run('deploy');
    expect((await run('db', 'prune')).stdout).toMatch(/^TABLE +WENT\ntask_log +0\nrun +0\n/);
    const doctor = await run('doctor');
    expect(doctor.status).toBe(exitStatus.ok);
    expect(doctor.stdout).toMatch(/! history .+ for 1d, runs are kept for 90d: .+ --retention 90d/);
  });

  it('shows its assets as they are declared', async () => {
    const details = ['assets', 'details', '--uri', 's3://lake/orders'];
    const people = await runHere(details, { env: variables });
    expect(people.stdout).toMatch(/\nname +S3:\/\/lake\/orders\/\nuri +s3:\/\/lake\/orders\ngroup +lake\n/);
    expect(people.stdout).toMatch(/\nowners +sales, ann@example\.com\n/);
    const script = await runHere([...details, '-o', 'json'], { env: variables });
    expect(JSON.parse(script.stdout)).toMatchObject({ owners: ['sales', 'ann@example.com'] });
  });

  it('replays what it recorded, and not what it would never have decided', async () => {
    const workflowId = 'dag/nightly/run/by-hand';
    const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = place.variables;
    const connection = await Connection.connect({ address });
    const client = new Client({ connection, namespace });
    const recorded = historyToJSON(await client.workflow.getHandle(workflowId).fetchHistory());
    await connection.close();
    const changed = recorded.replaceAll('"nightly.work"', '"nightly.rest"');
    await writeFile(join(project.folder, 'changed.json'), changed);

    const [same, other, missing, unreadable] = await Promise.all([
      run('replay', workflowId),
      run('replay', 'changed.json'),
      run('replay', 'dag/missing'),
      run('replay', 'package.json'),
    ]);
    expect(same).toMatchObject({ status: exitStatus.ok, stdout: `${workflowId}: deterministic\n` });
    expect(other).toMatchObject({ status: exitStatus.failed, stdout: 'changed.json: not deterministic\n' });
    expect(other.stderr).toMatch(/^tidegate: changed\.json does not replay .+\n$/);
    expect(missing.status).toBe(exitStatus.failed);
    expect(missing.stderr).toMatch(/has no workflow "dag\/missing"/);
    expect(unreadable.status).toBe(exitStatus.invalid);
    expect(unreadable.stderr).toMatch(/^tidegate: package\.json cannot be read \(ENOENT\): .+\n$/);
  });
});
