import { Client } from 'pg';
import { TidegateError } from '../core/errors.ts';
import type { Children } from './children.ts';
import { type DataFolder, lockDataFolder, wipeDataFolder } from './data-folder.ts';
import { startPostgres } from './embedded-postgres.ts';
import { canConnect, portWish } from './ports.ts';
import { endLeftoverPostgres, removePostgres } from './postgres-cluster.ts';
import type { Progress } from './progress.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { endLeftoverTemporal, startTemporalServer } from './temporal-server.ts';

export interface StackOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: DataFolder;
  /** Empties the data folder first. */
  readonly fresh: boolean;
  readonly progress: Progress;
  readonly children: Children;
}

/** The two servers Tidegate stands on, ours or the user's. */
export interface Stack {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  /** Unknown when Temporal is the user's own and TIDEGATE_UI_URL is not set. */
  readonly temporalUiUrl: string | undefined;
  /** Ends what was started, youngest first, and gives the data folder back. */
  stop(): Promise<void>;
}

const reachableWithinMs = 5_000;

/** Brings Postgres and Temporal up; DATABASE_URL and TEMPORAL_ADDRESS each take the place of one of them. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { environment, folder, fresh, children } = options;
  const unlock = await lockDataFolder(folder);
  const stop = async (): Promise<void> => {
    await children.stop();
    await unlock();
  };
  try {
    if (fresh) await wipe(folder);
    const databaseUrl = await databaseOf(options);
    const temporal = await temporalOf(options);
    const temporalNamespace = namespaceOf(environment);
    return {
      databaseUrl,
      temporalAddress: temporal.address,
      temporalNamespace,
      temporalUiUrl: temporal.uiUrl,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function wipe(folder: DataFolder): Promise<void> {
  await endLeftoverPostgres(folder.postgres);
  await endLeftoverTemporal({ file: folder.temporalDatabase, pidFile: folder.temporalPid });
  await removePostgres(folder.postgres);
  await wipeDataFolder(folder);
}

async function databaseOf({ environment, folder, progress, children }: StackOptions): Promise<string> {
  const given = environment['DATABASE_URL'];
  if (given !== undefined && given !== '') {
    await progress.step('Postgres of DATABASE_URL', () => requireDatabase(given));
    return given;
  }
  const port = portWish(environment, 'TIDEGATE_POSTGRES_PORT', 55432);
  const logFile = `${folder.logs}/postgres.log`;
  const started = await progress.step('Starting Postgres', () =>
    startPostgres({ folder: folder.postgres, logFile, port, children }),
  );
  return started.url;
}

async function temporalOf(
  options: StackOptions,
): Promise<{ readonly address: string; readonly uiUrl: string | undefined }> {
  const { environment, folder, progress, children } = options;
  const given = environment['TEMPORAL_ADDRESS'];
  if (given !== undefined && given !== '') {
    await progress.step('Temporal of TEMPORAL_ADDRESS', () => requireTemporal(given));
    return { address: given, uiUrl: environment['TIDEGATE_UI_URL'] || undefined };
  }
  const port = portWish(environment, 'TIDEGATE_TEMPORAL_PORT', 7233);
  const uiPort = portWish(environment, 'TIDEGATE_UI_PORT', 8233);
  const binary = await findTemporalBinary({ environment, progress });
  return progress.step('Starting Temporal', () =>
    startTemporalServer({
      binary,
      database: { file: folder.temporalDatabase, pidFile: folder.temporalPid },
      port,
      uiPort,
      namespace: namespaceOf(environment),
      logFile: `${folder.logs}/temporal.log`,
      children,
    }),
  );
}

function namespaceOf(environment: NodeJS.ProcessEnv): string {
  return environment['TEMPORAL_NAMESPACE'] || 'default';
}

async function requireDatabase(url: string): Promise<void> {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new TidegateError(
      'invalid_environment',
      'DATABASE_URL is not a URL like postgres://user:password@host:5432/database',
    );
  }
  const client = new Client({ connectionString: url, connectionTimeoutMillis: reachableWithinMs });
  try {
    await client.connect();
    await client.query('select 1');
  } catch (error) {
    const { host, pathname } = new URL(url);
    const why =
      error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
    // The address without the password.
    throw new TidegateError(
      'database_unreachable',
      `DATABASE_URL: Postgres at ${host}${pathname} cannot be used: ${why}`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function requireTemporal(address: string): Promise<void> {
  const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
  if (host === undefined || port === undefined) {
    throw new TidegateError(
      'invalid_environment',
      `TEMPORAL_ADDRESS is ${JSON.stringify(address)}: give host:port`,
    );
  }
  const deadline = Date.now() + reachableWithinMs;
  while (!(await canConnect(host.replace(/^\[(.*)\]$/, '$1'), Number(port), deadline - Date.now()))) {
    if (Date.now() > deadline - 100) {
      throw new TidegateError('temporal_unreachable', `TEMPORAL_ADDRESS: nothing answers at ${address}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
