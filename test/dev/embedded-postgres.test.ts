import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { Children } from '../../dev/children.ts';
import { type EmbeddedPostgres, startPostgres } from '../../dev/embedded-postgres.ts';
import { commandOf } from '../../dev/processes.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

describe('the embedded Postgres of a folder', () => {
  let folder: TemporaryFolder;
  let children: Children;

  beforeEach(async () => {
    folder = await createTemporaryFolder();
    children = new Children();
  });

  afterEach(async () => {
    await children.stop();
    await folder.remove();
  });

  const start = (): Promise<EmbeddedPostgres> =>
    startPostgres({
      folder: join(folder.path, 'postgres'),
      logFile: join(folder.path, 'postgres.log'),
      port: { kind: 'any' },
      children,
    });

  it('keeps its data over a restart', async () => {
    const first = await start();
    await query(first.url, `create table kept as select 42 as answer`);
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('starts again after SIGKILL with all that was committed', async () => {
    const first = await start();
    await query(first.url, `create table kept as select 42 as answer`);
    process.kill(first.pid, 'SIGKILL');
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('ends a server that a killed parent left on the folder', async () => {
    const first = await start();
    // For the second start the first is a stranger's: only its pid file tells of it.
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect(commandOf(first.pid)).toBeUndefined();
  });

  it('leaves a stranger alone that has the recorded pid now', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGKILL');
    const stranger = spawn('sleep', ['60']);
    const pidFile = join(folder.path, 'postgres', 'postmaster.pid');
    await writeFile(
      pidFile,
      (await readFile(pidFile, 'utf8')).replace(String(first.pid), String(stranger.pid)),
    );
    const second = await start();
    expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  it('asks for its password', async () => {
    const { url } = await start();
    await expect(query(url.replace(/:[^:@]*@/, ':wrong@'), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );
  });
});

async function query(url: string, text: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
