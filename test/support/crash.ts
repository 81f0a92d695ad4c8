import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseDagId, type RunId, runIdByHand } from '../../core/ids.ts';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import type { RunRow } from '../../store/run-tables.ts';
import { AssetIds } from '../../store/asset-ids.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import type { Deps } from '../../temporal/deps.ts';
import { createDeps } from '../../temporal/open-deps.ts';
import { recordEvents } from '../../temporal/record-events.ts';
import { requestRun } from '../../temporal/request-run.ts';
import { recordingLog } from './api.ts';
import { type CrashProcess, startCrashProcess } from './crash-process.ts';
import type { FaultPoint } from './faults.ts';
import { unrest, violations } from './conservation.ts';
import { anAsset } from './plans.ts';
import { type CrashServers, type ServerOptions, startServers } from './crash-servers.ts';
import { eventually } from './tidegate.ts';

export const orders = 's3://lake/orders';
export const rates = 's3://lake/rates';
const consumers = ['single', 'pair'];
const taskQueue = 'tidegate';
/** A run starts at once; the rest is for machines that are busy with other tests. */
const promptMs = 10_000;

/** The project of `test/crash/project` on servers of its own, with processes that can be broken. */
export interface Crash {
  /** What this process works with, as one more API would. */
  readonly deps: Deps;
  readonly servers: CrashServers;
  /** A worker that is well: the one of before, or a new one where that was killed. */
  worker(): Promise<CrashProcess>;
  /** A new worker, the one that counts from now on, whatever becomes of the one before; it may stand still somewhere at first. */
  heir(stopsAt?: FaultPoint): Promise<CrashProcess>;
  api(): Promise<CrashProcess>;
  /** Records events of these assets from this process, as one batch. */
  post(...uris: readonly string[]): Promise<void>;
  /** The same without telling any consumer. */
  postSilently(...uris: readonly string[]): Promise<void>;
  /** Records events from this process, one batch after the other, until it is told to stop; what fails counts as not accepted. */
  load(): { stop(): Promise<void> };
  /** Notes that an event with this `n` in its extra was accepted. */
  accepted(n: string): void;
  /** Requests a run by hand. */
  trigger(dagId: string): Promise<RunId>;
  runsOf(dagId: string): Promise<readonly RunRow[]>;
  /** Waits for rest, checks every promise, then that further events start a run of each consumer. @returns what is not so */
  problems(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startCrash(options: ServerOptions = {}): Promise<Crash> {
  const servers = await startServers(options);
  const { databaseUrl, address, namespace } = servers;
  const db = openDatabase({ url: databaseUrl });
  await migrate(db);
  const { log } = recordingLog();
  const temporal = await connectTemporal({ address, namespace, taskQueue });
  const deps = createDeps({ db, temporal, clock: Date.now, log });
  const environment = {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TIDEGATE_TASK_QUEUE: taskQueue,
    TIDEGATE_PROJECT: fileURLToPath(new URL('../crash/project', import.meta.url)),
  };
  const assetIds = new AssetIds(db);
  const accepted: string[] = [];
  const processes: CrashProcess[] = [];
  let current: CrashProcess | undefined;
  let events = 0;

  const start = async (program: 'worker' | 'api', stopsAt?: FaultPoint): Promise<CrashProcess> => {
    const started = await startCrashProcess(program, environment, stopsAt);
    processes.push(started);
    return started;
  };
  const describedEvents = async (uris: readonly string[]) => {
    const idOf = await assetIds.find(uris.map(anAsset));
    return uris.map((uri) => {
      return {
        assetId: idOf(anAsset(uri)),
        extra: { n: `${namespace} ${++events}` },
        partitionKey: undefined,
      };
    });
  };
  const runsOf = (dagId: string) =>
    db.selectFrom('run').selectAll().where('dag_id', '=', parseDagId(dagId)).orderBy('number').execute();
  const crash: Crash = {
    ...{ deps, servers, runsOf },
    async worker() {
      if (current?.isRunning() !== true) current = await start('worker');
      return current;
    },
    async heir(stopsAt) {
      current = await start('worker', stopsAt);
      return current;
    },
    api: () => start('api'),
    async post(...uris) {
      const described = await describedEvents(uris);
      await recordEvents(deps, { events: described });
      accepted.push(...described.map(({ extra }) => extra.n));
    },
    async postSilently(...uris) {
      const described = await describedEvents(uris);
      await deps.recorder.record({ source: { kind: 'api' }, events: described });
      accepted.push(...described.map(({ extra }) => extra.n));
    },
    load() {
      const over = new AbortController();
      const post = async (): Promise<void> => {
        for (let round = 0; !over.signal.aborted; round++) {
          const uris = [[orders], [rates], [orders, rates, orders], [orders]][round % 4] ?? [];
          await crash.post(...uris).catch(() => delay(100));
          // So that consumers get many small messages instead of a few large ones.
          await Promise.race([deps.dispatcher.idle(), delay(200)]);
        }
      };
      const posting = post();
      return {
        stop: () => {
          over.abort();
          return posting;
        },
      };
    },
    accepted: (n) => void accepted.push(n),
    async trigger(id) {
      const dagId = parseDagId(id);
      const runId = runIdByHand(Date.now(), Math.random().toString(36).slice(2, 8));
      const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
      await requestRun(deps, { dagId, runId, trigger: 'manual', conf: '{}', ...none });
      return runId;
    },
    async problems() {
      const books = { ...deps, accepted };
      if (current?.isRunning() === false) return [`the worker ended: ${current.output()}`];
      const found = [...(await unrestOf(deps)), ...(await violations(books))];
      if (found.length > 0) return found;
      const before = await Promise.all(consumers.map(runsOf));
      await crash.post(orders, rates);
      const idle = async () => {
        const after = await Promise.all(consumers.map(runsOf));
        return consumers.filter((_, index) => after[index]?.length === before[index]?.length);
      };
      await eventually(async () => (await idle()).length === 0, promptMs).catch(() => undefined);
      return [
        ...(await idle()).map((dagId) => `${dagId} does not start for a further event`),
        ...(await unrestOf(deps)),
        ...(await violations(books)),
      ];
    },
    async stop() {
      await Promise.all(processes.map((each) => each.kill()));
      await deps.close();
      await servers.close();
    },
  };
  return crash;
}

/** Why there is no rest; nothing as soon as there is. */
async function unrestOf(deps: Deps): Promise<readonly string[]> {
  const until = Date.now() + 30_000;
  for (;;) {
    const reasons = await unrest(deps).catch((error: unknown) => [String(error)]);
    if (reasons.length === 0 || Date.now() > until) return reasons;
    await delay(50);
  }
}
