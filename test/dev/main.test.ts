import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { choosePort } from '../../dev/ports.ts';
import { findOnPath } from '../../dev/processes.ts';
import { testServer } from '../support/server.ts';
import { runStart } from '../support/start-command.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

describe('npm start', () => {
  let folder: TemporaryFolder;
  let data: string;
  let environment: NodeJS.ProcessEnv;

  beforeEach(async () => {
    folder = await createTemporaryFolder();
    data = join(folder.path, 'data');
    environment = { TIDEGATE_DATA: data, TEMPORAL_CLI_PATH: testServer('TIDEGATE_TEST_TEMPORAL_CLI') };
  });

  afterEach(() => folder.remove());

  it('ends what it started on Ctrl-C, and gives the folder back', async () => {
    const command = runStart(environment);
    await command.prints(/Ctrl-C/);
    const startedAt = Date.now();
    command.process.kill('SIGINT');
    expect(await command.status).toBe(130);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(await processesNaming(folder.path)).toEqual([]);
    expect(await readdir(data)).not.toContain('lock');
  });

  it('leaves nothing in the way of the next start when it is killed', async () => {
    const killed = runStart(environment);
    await killed.prints(/✔ Starting Temporal/);
    killed.process.kill('SIGKILL');
    await killed.status;
    const next = runStart(environment);
    await next.prints(/✔ Starting Temporal/);
    next.process.kill('SIGTERM');
    expect(await next.status).toBe(143);
    expect(await processesNaming(folder.path)).toEqual([]);
  });

  it('empties its folder with --fresh', async () => {
    const first = runStart(environment);
    await first.prints(/✔ Starting Temporal/);
    await writeFile(join(data, 'left-over'), '');
    first.process.kill('SIGTERM');
    await first.status;
    const fresh = runStart(environment, ['--fresh']);
    await fresh.prints(/✔ Starting Temporal/);
    expect(await readdir(data)).not.toContain('left-over');
    fresh.process.kill('SIGTERM');
    await fresh.status;
  });

  it('does not touch a folder that is not its own', async () => {
    await mkdir(data);
    await writeFile(join(data, 'thesis.txt'), 'mine');
    const command = runStart(environment, ['--fresh']);
    expect(await command.status).toBe(2);
    expect(command.output()).toContain(`${data} holds files that are not Tidegate's`);
    expect(await readdir(data)).toEqual(['thesis.txt']);
  });

  it('refuses a folder that another one uses', async () => {
    const first = runStart(environment);
    await first.prints(/✔ Starting Temporal/);
    const second = runStart(environment);
    expect(await second.status).toBe(2);
    expect(second.output()).toContain(`${data} is in use by another Tidegate (process ${first.process.pid})`);
    first.process.kill('SIGTERM');
    await first.status;
  });

  it('names the variable of a port that is in use', async () => {
    const port = await choosePort({ kind: 'any' });
    const taken = createServer();
    await new Promise<void>((ready) => taken.listen(port, '127.0.0.1', ready));
    const command = runStart({ ...environment, TIDEGATE_TEMPORAL_PORT: String(port) });
    expect(await command.status).toBe(2);
    expect(command.output()).toContain(`port ${port} (TIDEGATE_TEMPORAL_PORT) is in use`);
    await new Promise((closed) => taken.close(closed));
    expect(await processesNaming(folder.path)).toEqual([]);
  });

  it('says once all it tried when no Temporal server can be had', async () => {
    const path = join(folder.path, 'bin');
    await mkdir(path);
    for (const name of ['node', 'id', 'setpriv']) {
      const program = findOnPath(name);
      if (program !== undefined) await symlink(program, join(path, name));
    }
    const command = runStart({
      TIDEGATE_DATA: data,
      PATH: path,
      XDG_CACHE_HOME: join(folder.path, 'cache'),
      // Where the download host can be reached, it must not be.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    });
    expect(await command.status).toBe(2);
    expect(command.output()).toMatch(
      /no Temporal server could be had\. Tried:\n.*TEMPORAL_CLI_PATH: not set\n.*temporal on PATH: not there\n.*cached .*: no such program\n.*download by the Temporal SDK: .*\n.*go install .*: Go is not installed\nInstall the Temporal CLI/,
    );
    expect(await readdir(join(folder.path, 'cache', 'tidegate', 'bin'))).toEqual([]);
  });

  it.each([
    [
      'DATABASE_URL',
      'postgres://me:secret@127.0.0.1:9/app',
      'DATABASE_URL: Postgres at 127.0.0.1:9/app cannot be used',
      1,
    ],
    ['DATABASE_URL', 'mysql://127.0.0.1/app', 'DATABASE_URL is not a URL like postgres://', 2],
    ['TEMPORAL_ADDRESS', '127.0.0.1:9', 'TEMPORAL_ADDRESS: nothing answers at 127.0.0.1:9', 1],
    ['TEMPORAL_ADDRESS', 'nowhere', 'TEMPORAL_ADDRESS is "nowhere": give host:port', 2],
    ['TEMPORAL_CLI_PATH', '/bin/true', 'TEMPORAL_CLI_PATH is /bin/true: is not the Temporal CLI', 2],
  ])('says in one line what is wrong with %s=%s', async (variable, value, message, status) => {
    const command = runStart({ ...environment, [variable]: value });
    expect(await command.status).toBe(status);
    expect(command.output()).toContain(message);
    expect(command.output()).not.toMatch(/secret|\n\s+at /);
  });
});

/** Processes still running whose command line names the folder, after a moment to end. */
async function processesNaming(folder: string): Promise<readonly string[]> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const { stdout } = await promisify(execFile)('ps', ['-eww', '-o', 'command=']);
    const found = stdout.split('\n').filter((command) => command.includes(folder));
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(50);
  }
}
