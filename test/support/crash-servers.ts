import { join } from 'node:path';
import { Children } from '../../dev/children.ts';
import { startPostgres } from '../../dev/embedded-postgres.ts';
import type { PortWish } from '../../dev/ports.ts';
import { sendSignal } from '../../dev/processes.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { createTestDatabase } from './postgres.ts';
import { testServer } from './server.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** Servers that a test may kill. */
export interface CrashServers {
  readonly databaseUrl: string;
  readonly address: string;
  readonly namespace: string;
  /** Kills Temporal. @returns what starts it again on what it had on disk, where it was */
  killTemporal(): Promise<() => Promise<void>>;
  /** Kills Postgres. @returns what starts it again on what it had on disk, where it was */
  killPostgres(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** A Postgres of its own that forgets nothing, instead of a database on the shared one. */
  readonly hasOwnPostgres?: boolean;
  /** Temporal on a database file instead of in memory. */
  readonly hasKeptTemporal?: boolean;
}

/** Work of a killed worker is given to its heir soon, and consumers continue as new after a few dozen messages. */
const dynamicConfig = {
  'history.defaultWorkflowTaskTimeout': '2s',
  'limit.historyCount.suggestContinueAsNew': 300,
};

export async function startServers({
  hasOwnPostgres = false,
  hasKeptTemporal = false,
}: ServerOptions): Promise<CrashServers> {
  const folder = await createTemporaryFolder();
  const children = new Children();
  const namespace = 'default';
  const file = join(folder.path, 'temporal.db');
  const temporal = await revivable((port) =>
    startTemporalServer({
      ...{ binary: testServer('TIDEGATE_TEST_TEMPORAL_CLI'), port, namespace, children, dynamicConfig },
      ...(hasKeptTemporal ? { database: { file, pidFile: `${file}.pid` } } : {}),
      logFile: join(folder.path, 'temporal.log'),
    }),
  );
  const shared = hasOwnPostgres ? undefined : await createTestDatabase();
  const postgres = shared
    ? undefined
    : await revivable((port) =>
        startPostgres({
          ...{ folder: join(folder.path, 'postgres'), port, children },
          logFile: join(folder.path, 'postgres.log'),
        }),
      );
  return {
    databaseUrl: shared?.url ?? postgres?.first.url ?? '',
    address: temporal.first.address,
    namespace,
    killTemporal: () => temporal.kill(),
    killPostgres: () => postgres?.kill() ?? Promise.reject(new Error('Postgres is shared')),
    async close() {
      await children.stop();
      await shared?.drop();
      await folder.remove();
    },
  };
}

/** A server that can be killed and started again on its port. */
async function revivable<Server extends { readonly pid: number }>(
  start: (port: PortWish) => Promise<Server>,
): Promise<{ readonly first: Server; kill(): Promise<() => Promise<void>> }> {
  const first = await start({ kind: 'any' });
  let pid = first.pid;
  return {
    first,
    async kill() {
      sendSignal(pid, 'SIGKILL');
      return async () => {
        ({ pid } = await start({ kind: 'asked', variable: 'port', port: portOf(first) }));
      };
    },
  };
}

function portOf(server: object): number {
  if ('address' in server) return Number(String(server.address).split(':').at(-1));
  return 'port' in server ? Number(server.port) : 0;
}
