import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseAssetUri } from '../core/asset-uri.ts';
import { type Child, Children } from '../dev/children.ts';
import { startPostgres } from '../dev/embedded-postgres.ts';
import { canConnect, choosePort } from '../dev/ports.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';
import { type Db, openDatabase } from '../store/database.ts';
import { connectTemporal } from '../temporal/connect.ts';
import type { Temporal } from '../temporal/deps.ts';
import { ApiClient } from './api-client.ts';
import { type CpuTimes, cpuTimes } from './cpu.ts';
import { Marks } from './marks.ts';

/** Servers of their own and, on them, API, worker and the worker of the raw side, each a process as in production. */
export interface Stand {
  readonly api: ApiClient;
  readonly temporal: Temporal;
  readonly db: Db;
  readonly databaseUrl: string;
  readonly marks: Marks;
  /** Where what its processes print is kept while it is open. */
  readonly folder: string;
  /** Processor time that each process has used so far. */
  cpu(): CpuTimes;
  /** Id of an asset by its URI. */
  assetId(uri: string): Promise<number>;
  stop(): Promise<void>;
}

export interface StandOptions {
  /** File in `project/dags` that is deployed. */
  readonly dags: string;
  readonly temporalBinary: string;
  readonly profileFolder?: string | undefined;
  /** Entries in place of the API's and the worker's own. */
  readonly entries?: { readonly api: string; readonly worker: string };
}

const root = fileURLToPath(new URL('..', import.meta.url));
const readyWithinMs = 60_000;

/** Opens one in a new folder; everything that was written is gone once it stops. */
export async function openStand(options: StandOptions): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bench-'));
  // Postgres may run as another user, who has to pass through.
  await chmod(folder, 0o711);
  const children = new Children((child, how) => {
    process.stderr.write(`${child.name} ended unexpectedly (${how}):\n${child.log().slice(-4_000)}\n`);
  });
  const cleanUp = async (): Promise<void> => {
    await children.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return await start(options, folder, children, cleanUp);
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function start(
  options: StandOptions,
  folder: string,
  children: Children,
  cleanUp: () => Promise<void>,
): Promise<Stand> {
  const any = { kind: 'any' } as const;
  const logFile = (name: string): string => join(folder, `${name}.log`);
  // As `npm start` runs them: fsync on, Temporal on a file, tuned.
  const postgres = await startPostgres({
    ...{ folder: join(folder, 'postgres'), logFile: logFile('postgres'), port: any, children },
  });
  const temporalServer = await startTemporalServer({
    ...{ binary: options.temporalBinary, port: any, namespace: 'default', children },
    database: { file: join(folder, 'temporal.db'), pidFile: join(folder, 'temporal.pid') },
    logFile: logFile('temporal'),
  });
  const marks = await Marks.open();
  const apiPort = await choosePort(any);
  const env = {
    ...ownVariables(),
    DATABASE_URL: postgres.url,
    TEMPORAL_ADDRESS: temporalServer.address,
    TIDEGATE_API_PORT: String(apiPort),
    TIDEGATE_PROJECT: join(root, 'bench/project'),
    TIDEGATE_BENCH: options.dags,
    TIDEGATE_BENCH_MARKS: String(marks.port),
    TIDEGATE_BENCH_FOLDER: folder,
  };
  const run = (name: string, entry: string): Child =>
    children.start({
      ...{ name, command: process.execPath, logFile: logFile(name), cwd: root, env },
      args: [...profiling(options), join(root, 'cli/run.mjs'), entry],
    });
  // The worker first: it brings the schema up to date and deploys.
  const worker = run('worker', options.entries?.worker ?? 'worker/main.ts');
  await ready(worker, () => Promise.resolve(worker.log().includes('worker ready')));
  const api = run('api', options.entries?.api ?? 'api/main.ts');
  const raw = run('raw worker', 'bench/raw/main.ts');
  await ready(api, () => canConnect('127.0.0.1', apiPort, 1_000));
  await ready(raw, () => Promise.resolve(raw.log().includes('worker ready')));

  const db = openDatabase({ url: postgres.url, applicationName: 'tidegate-bench' });
  const temporal = await connectTemporal({
    ...{ address: temporalServer.address, namespace: 'default', taskQueue: 'tidegate' },
  });
  const client = new ApiClient(apiPort);
  const pids = {
    ...{ api: api.pid, worker: worker.pid, 'raw worker': raw.pid },
    ...{ temporal: temporalServer.pid, postgres: postgres.pid, 'load generator': process.pid },
  };
  return {
    ...{ api: client, temporal, db, databaseUrl: postgres.url, marks, folder },
    cpu: () => cpuTimes(pids),
    async assetId(uri) {
      const { id } = await db
        .selectFrom('asset')
        .select('id')
        .where('uri', '=', parseAssetUri(uri))
        .executeTakeFirstOrThrow();
      return id;
    },
    async stop() {
      client.close();
      await temporal.client.connection.close();
      await db.destroy();
      await cleanUp();
      marks.close();
    },
  };
}

/** Without the caller's settings for Tidegate and Temporal: a bench measures what is shipped. */
function ownVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TIDEGATE_|TEMPORAL_|DATABASE_URL)/.test(name)),
  );
}

function profiling({ profileFolder }: StandOptions): readonly string[] {
  return profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileFolder)}`];
}

async function ready(child: Child, isReady: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + readyWithinMs;
  while (!(await isReady())) {
    if (!child.isRunning() || Date.now() > until) {
      throw new Error(`the ${child.name} did not start:\n${child.log().slice(-4_000)}`);
    }
    await delay(50);
  }
  child.settle();
}
