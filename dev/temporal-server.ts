import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { TidegateError } from '../core/errors.ts';
import type { Child, Children } from './children.ts';
import { canConnect, choosePort, type PortWish } from './ports.ts';
import { endLeftover } from './processes.ts';

export interface TemporalServerOptions {
  /** The `temporal` CLI. */
  readonly binary: string;
  /** SQLite file that survives restarts; in memory without one. */
  readonly database?: { readonly file: string; readonly pidFile: string };
  readonly port: PortWish;
  /** No Web UI without one. */
  readonly uiPort?: PortWish;
  readonly namespace: string;
  readonly logFile: string;
  readonly children: Children;
  /** Beyond what every stack sets; values are JSON. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
}

export interface TemporalServer {
  readonly address: string;
  readonly uiUrl: string | undefined;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The dev server has one shard and polls its queues 20 times a second by default: up to 50 ms at each hop of a run. */
const tuning = {
  'history.transferProcessorMaxPollRPS': 2000,
  'history.timerProcessorMaxPollRPS': 2000,
  'history.visibilityProcessorMaxPollRPS': 2000,
  'system.enableActivityEagerExecution': true,
};
/** Its file without a disk flush at every transaction: a killed server loses nothing, and a run costs half the processor time. */
const pragmas = ['journal_mode=wal', 'synchronous=normal'];
const startWithinMs = 60_000;

/** Starts a Temporal dev server on 127.0.0.1 and waits until its frontend answers for the namespace. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.database !== undefined) await endLeftoverTemporal(options.database);
  const avoid = new Set<number>();
  const deadline = Date.now() + startWithinMs;
  for (;;) {
    const port = await choosePort(options.port, avoid);
    const uiPort =
      options.uiPort === undefined ? undefined : await choosePort(options.uiPort, new Set([...avoid, port]));
    const child = launch(options, port, uiPort);
    if (options.database !== undefined) await writeFile(options.database.pidFile, `${child.pid}\n`);
    const address = `127.0.0.1:${port}`;
    if (await answers(child, port, options.namespace, deadline)) {
      child.settle();
      const uiUrl = uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`;
      return { address, uiUrl, pid: child.pid, stop: () => child.stop() };
    }
    const log = child.log();
    await child.stop();
    const taken = portsInUse(log).filter((each) => each === port || each === uiPort);
    if (taken.length === 0 || Date.now() > deadline) {
      const last = log.trimEnd().split('\n').at(-1) ?? '';
      throw new TidegateError(
        'temporal_unreachable',
        `the Temporal dev server did not start: ${last || 'no answer'} (log: ${options.logFile})`,
      );
    }
    for (const each of taken) avoid.add(each);
  }
}

/** Ends a dev server that an earlier, killed parent left on the database file. */
export async function endLeftoverTemporal(database: {
  readonly file: string;
  readonly pidFile: string;
}): Promise<void> {
  const pid = Number(await readFile(database.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return;
  await endLeftover({ pid, marks: ['start-dev', database.file], signal: 'SIGTERM', graceMs: 5_000 });
  await rm(database.pidFile, { force: true });
}

function launch(options: TemporalServerOptions, port: number, uiPort: number | undefined): Child {
  const dynamicConfig = Object.entries({ ...tuning, ...options.dynamicConfig });
  return options.children.start({
    name: 'temporal',
    command: options.binary,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
      ...['--namespace', options.namespace],
      ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
      ...(options.database === undefined ? [] : ['--db-filename', options.database.file]),
      ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]),
      ...dynamicConfig.flatMap(([key, value]) => [
        '--dynamic-config-value',
        `${key}=${JSON.stringify(value)}`,
      ]),
    ],
    logFile: options.logFile,
    env: environment(),
  });
}

/** Without the caller's TEMPORAL_ variables: the CLI obeys them as if they were options. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

async function answers(child: Child, port: number, namespace: string, deadline: number): Promise<boolean> {
  while (child.isRunning() && Date.now() < deadline) {
    // The socket first: gRPC waits a second after a refused connection.
    if (
      (await canConnect('127.0.0.1', port, 1_000)) &&
      (await hasNamespace(`127.0.0.1:${port}`, namespace))
    ) {
      return child.isRunning();
    }
    await sleep(25);
  }
  return false;
}

async function hasNamespace(address: string, namespace: string): Promise<boolean> {
  try {
    const connection = await Connection.connect({ address, connectTimeout: 1_000 });
    try {
      await connection.withDeadline(Date.now() + 2_000, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return true;
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

function portsInUse(log: string): readonly number[] {
  return [
    ...log.matchAll(/(?:listen tcp [\d.]+|127\.0\.0\.1|port)[: ](\d+)[^\n]*(?:in use|already|bind)/gi),
  ].map((match) => Number(match[1]));
}
