import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DagRunCollection } from '../../api/contract/dag-runs.ts';
import { createApi } from '../../cli/api-client.ts';
import { exitStatus } from '../../cli/exit-status.ts';
import { stackFiles, stackFolder } from '../../cli/running-stack.ts';
import { choosePort } from '../../dev/ports.ts';
import { runCommand } from '../cli/run-command.ts';
import { testServer } from '../support/server.ts';
import { runStart } from '../support/start-command.ts';
import { makeTempProject, repository, type TempProject } from '../support/temp-project.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const startWithinMs = 150_000;

let folder: TemporaryFolder;
let data: string;
let environment: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await createTemporaryFolder();
  data = join(folder.path, stackFolder);
  environment = { TIDEGATE_DATA: data, TEMPORAL_CLI_PATH: testServer('TIDEGATE_TEST_TEMPORAL_CLI') };
});

afterEach(() => folder.remove());

describe('npm start', () => {
  it(
    'shows exercise 5.1 and ends with --once; the next start goes on where it ended',
    async () => {
      const once = runStart(environment, ['--once']);
      expect({ status: await once.status, output: once.output() }).toMatchObject({ status: 0 });
      expect(once.output()).toMatch(
        /▶ exercise_5_1_producer {2}(manual__\S+)\n(?:.*\n)* {2}✔ clean_orders +\d.*\n(?:.*\n)* {2}✔ aggregate_orders +\d.*\n(?:.*\n)* {2}✔ run succeeded/,
      );
      expect(once.output()).toMatch(
        /◆ s3:\/\/data-lake\/processed_data updated {2}event \d+, 20\S+\n.*rows 11,636/,
      );
      expect(once.output()).toMatch(
        / {4}\d+ ms from the event being recorded to the consumer's first task\n/,
      );
      expect(once.output()).toMatch(
        /▶ exercise_5_1_consumer {2}asset__\d+\n(?:.*\n)*.*triggered by\n.*\n.*\n.*\n.*source .*exercise_5_1_producer · runId manual__\S+ · taskId aggregate_orders\n(?:.*\n)*.*report ready .*rows 11,636/,
      );
      expect(once.output()).toMatch(
        /http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/dag%2Fexercise_5_1_consumer/,
      );
      for (const file of Object.values(stackFiles)) expect(await readdir(data)).not.toContain(file);

      const usual = await occupy(8_080);
      const next = runStart(environment);
      const [, temporal = ''] = await next.prints(/ Temporal +(127\.0\.0\.1:\d+), namespace default/);
      await next.prints(/Ctrl-C ends all of it/);
      const url = (await readFile(join(data, stackFiles.apiUrl), 'utf8')).trim();
      expect(url).not.toBe('http://127.0.0.1:8080');
      const path = '/api/v2/dags/exercise_5_1_consumer/dagRuns';
      const { dag_runs: runs } = await createApi(url).get(DagRunCollection, path);
      expect(runs.map(({ dag_run_id, state }) => [once.output().includes(dag_run_id), state])).toEqual([
        [true, 'success'],
        [false, 'success'],
      ]);
      // The other examples are there, and run when somebody says so or at their times.
      const { dag_runs: all } = await createApi(url).get(DagRunCollection, '/api/v2/dags/~/dagRuns');
      expect(all.filter(({ dag_id }) => !dag_id.startsWith('exercise_5_1_'))).toEqual([]);
      expect((await schedulesOf(temporal)).toSorted()).toEqual([
        'tick/exercise_5_1_producer',
        'tick/ml_retrain_eta',
      ]);

      const beside = { cwd: folder.path };
      const deployed = await runCommand(['deploy', join(repository, 'examples'), '-o', 'json'], beside);
      expect(JSON.parse(deployed.stdout).unchanged).toContain('exercise_5_1_consumer');
      const examined = await runCommand(['doctor'], beside);
      expect(examined).toMatchObject({ status: exitStatus.ok, stderr: '' });
      expect(examined.stdout).toContain(`environment    that of the stack in ${data}\n`);
      expect((await stat(join(data, stackFiles.variables))).mode & 0o077).toBe(0);

      const stoppedAt = Date.now();
      next.process.kill('SIGINT');
      expect(await next.status).toBe(130);
      expect(Date.now() - stoppedAt).toBeLessThan(10_000);
      usual?.close();
    },
    startWithinMs,
  );

  it(
    'names the variable of an API port that is in use',
    async () => {
      const port = await choosePort({ kind: 'any' });
      const taken = await occupy(port);
      const command = runStart({ ...environment, TIDEGATE_API_PORT: String(port) });
      expect(await command.status).toBe(2);
      expect(command.output()).toContain(`port ${port} (TIDEGATE_API_PORT) is in use`);
      taken?.close();
    },
    startWithinMs,
  );
});

describe('npm start with a project of one’s own', () => {
  let project: TempProject;

  beforeEach(async () => {
    project = await makeTempProject({
      'dags/exercise.ts': exerciseWith(`throw new Error('the lake is dry');`),
    });
    environment = { ...environment, TIDEGATE_PROJECT: project.folder };
  });

  afterEach(() => project.remove());

  it(
    'ends --once with a failure, and its reason, when a run of the exercise fails',
    async () => {
      const command = runStart(environment, ['--once']);
      expect(await command.status).toBe(1);
      expect(command.output()).toMatch(/✘ read .*the lake is dry/);
      expect(command.output()).toMatch(/\n✘ exercise_5_1_consumer asset__\d+ failed: /);
    },
    startWithinMs,
  );

  it(
    'reloads what changes, says what is broken, and ends when its worker is lost',
    async () => {
      await project.write('dags/exercise.ts', dagNamed('first'));
      const command = runStart(environment);
      await command.prints(/Ctrl-C ends all of it/);
      expect(command.output()).not.toContain('Exercise 5.1');

      await project.write('dags/second.ts', dagNamed('second'));
      await command.prints(/Reloading: dags\/second\.ts changed \(.*\n {2}2 DAGs, new: second\n/);
      await project.write('dags/second.ts', 'export const second = dag(');
      await command.prints(/✘ dags\/second\.ts: line 1: /);
      await project.write('dags/second.ts', `${dagNamed('second')}${unlikeItsScheme}`);
      await command.prints(
        /\n {2}! dags\/second\.ts:5: asset 'mysql:\/\/warehouse\/orders': .*not written as its scheme/,
      );
      await project.write('tidegate.config.ts', 'export default 1;');
      await command.prints(/no worker until the next change .*\n.*tidegate\.config\.ts has no configuration/);
      await project.write('tidegate.config.ts', "export { default } from './config.ts';");
      await project.write(
        'config.ts',
        "import { defineConfig } from 'tidegate';\nexport default defineConfig({});\n",
      );
      await rm(join(project.folder, 'dags/second.ts'));
      await command.prints(/1 DAG, retired: second\n/);

      process.kill(Number(await readFile(join(data, 'worker.pid'), 'utf8')), 'SIGKILL');
      expect(await command.status).toBe(1);
      expect(command.output()).toMatch(
        /worker ended unexpectedly: SIGKILL\n(?:.*\n)*Its log is .*worker\.log\n/,
      );
    },
    startWithinMs,
  );
});

function exerciseWith(read: string): string {
  return `
import { asset, dag } from 'tidegate';
const processed = asset('s3://e2e/processed');
export const producer = dag('exercise_5_1_producer', {}, (d) => {
  d.task('write', { outlets: [processed] }, async ({ emit }) => emit(processed));
});
export const consumer = dag('exercise_5_1_consumer', { schedule: [processed] }, (d) => {
  d.task('read', async () => { ${read} });
});
`;
}

function dagNamed(id: string): string {
  return `import { dag } from 'tidegate';\nexport const one = dag('${id}', {}, (d) => { d.task('work', async () => 1); });\n`;
}

const unlikeItsScheme = `import { asset } from 'tidegate';\n\nexport const orders = asset('mysql://warehouse/orders');\n`;

async function schedulesOf(address: string): Promise<readonly string[]> {
  const connection = await Connection.connect({ address });
  const ids: string[] = [];
  for await (const { scheduleId } of new Client({ connection }).schedule.list()) ids.push(scheduleId);
  await connection.close();
  return ids;
}

/** Listens on a port; undefined where somebody else does already. */
function occupy(port: number): Promise<Server | undefined> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(undefined));
    server.listen(port, '127.0.0.1', () => settle(server));
  });
}
