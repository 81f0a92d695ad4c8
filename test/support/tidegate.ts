import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection, type WorkerInterceptors } from '@temporalio/worker';
import { type WorkerDeps, WorkerResources } from '../../activities/index.ts';
import type { Seq } from '../../core/asset-event.ts';
import { leavesOf } from '../../core/condition.ts';
import type { Consumer } from '../../core/consumer.ts';
import { type DagId, parseDagId, parseRunId, type RunId, runIdByHand } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import type { PoolPlan } from '../../core/pool.ts';
import type { AssetPlan, ProjectPlan, TemplatePlan } from '../../core/project-plan.ts';
import type { SearchAttributeName } from '../../core/search-attributes.ts';
import { isAssetSource, type Source } from '../../core/source.ts';
import { consumerWorkflowId, runWorkflowId } from '../../core/workflow-names.ts';
import { compileDag } from '../../sdk/compile.ts';
import type { DagDefinition, Resource, TaskDefinition } from '../../sdk/index.ts';
import { partsOfSchedule } from '../../sdk/schedule.ts';
import { isAsset } from '../../sdk/source.ts';
import { AssetIds } from '../../store/asset-ids.ts';
import { openDatabase } from '../../store/database.ts';
import { deployProject } from '../../store/deploy.ts';
import type { Recorded } from '../../store/recording.ts';
import { readRun } from '../../store/runs.ts';
import type { RunRow, TaskRunRow } from '../../store/run-tables.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import { deploy } from '../../temporal/deploy.ts';
import { createDeps } from '../../temporal/open-deps.ts';
import { recordEvents } from '../../temporal/record-events.ts';
import { requestRun } from '../../temporal/request-run.ts';
import { ensureSearchAttributes } from '../../temporal/search-attributes.ts';
import { createWorker } from '../../worker/create-worker.ts';
import { withIsolation } from '../../worker/isolation.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import type { consumerDag } from '../../workflows/consumer-dag.ts';
import type { dagRun } from '../../workflows/dag-run.ts';
import { gateQuery } from '../../workflows/messages.ts';
import { recordingLog } from './api.ts';
import { anAsset, anAssetPlan, hashOf } from './plans.ts';
import { createMigratedDatabase } from './postgres.ts';
import { installRuntime } from './runtime.ts';
import { createTestNamespace, type TestNamespace } from './temporal.ts';

/** A whole Tidegate in this process, without the API: a database and a namespace of its own, one worker. */
export interface Tidegate {
  readonly deps: WorkerDeps;
  /** Of Temporal. */
  readonly address: string;
  readonly logged: readonly string[];
  /** Replaces what is deployed, as `tidegate deploy` does, and the code of its tasks. */
  deploy(dags: readonly DagDefinition[], pools?: readonly PoolPlan[]): Promise<void>;
  /** Records events of these assets (by URI), as one batch. @returns their positions */
  post(...uris: readonly string[]): Promise<readonly Seq[]>;
  /** Records one event with what it says. */
  postWith(uri: string, says: { readonly extra?: JsonObject; readonly partition?: string }): Promise<Seq>;
  /** The same without telling any consumer. */
  postSilently(...uris: readonly string[]): Promise<void>;
  trigger(dagId: string, conf?: JsonObject): Promise<RunId>;
  runsOf(dagId: string): Promise<readonly RunRow[]>;
  tasksOf(dagId: string, runId: string): Promise<readonly TaskRunRow[]>;
  /** Waits until a run is closed. */
  closed(dagId: string, runId: string): Promise<RunRow>;
  /** The consumer as its workflow has it. */
  gate(dagId: string): Promise<Consumer>;
  consumer(dagId: string): WorkflowHandle<typeof consumerDag>;
  /** The workflow of a run. */
  run(dagId: string, runId: string): WorkflowHandle<typeof dagRun>;
  /** Waits until a number of runs of a DAG have closed. */
  runsClosed(dagId: string, count: number): Promise<readonly RunRow[]>;
  /** What the one task of each of them gave back. */
  resultsOf(dagId: string, count: number): Promise<readonly unknown[]>;
  /** Another worker beside the first; one with a queue of its own takes tasks only. */
  startWorker(options: { readonly identity: string; readonly taskQueue?: string }): Promise<RunningWorker>;
  stop(): Promise<void>;
}

function seqsOf(recorded: Recorded): readonly Seq[] {
  return recorded.kind === 'recorded' ? recorded.seqs : [];
}

export interface RunningWorker {
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Lets a test look into, or break, what the worker's activities do. */
  readonly interceptors?: WorkerInterceptors;
  /** Instead of those that can be registered. */
  readonly searchAttributes?: readonly SearchAttributeName[];
  /** Names the worker and the client. */
  readonly identity?: string;
  readonly clock?: () => number;
  readonly pools?: readonly PoolPlan[];
  /** Path of the file that exports a DAG, where its tasks may be isolated; two of them run at a time. */
  readonly fileOf?: (dagId: string) => string;
  /** Services that stand in for resources. */
  readonly services?: ReadonlyMap<Resource, unknown>;
  /** Instead of a namespace of its own on the dev server; without schedules. */
  readonly place?: TestNamespace;
}

export async function startTidegate(
  dags: readonly DagDefinition[],
  { interceptors, searchAttributes, identity = 'test', clock = Date.now, ...options }: StartOptions = {},
): Promise<Tidegate> {
  installRuntime();
  const database = await createMigratedDatabase();
  const place = options.place ?? (await createTestNamespace());
  const db = openDatabase({ url: database.url });
  const { log, logged } = recordingLog();
  const temporal = await connectTemporal({ ...place, taskQueue: 'tidegate' });
  const open = createDeps({ db, temporal, clock, log });
  let code: readonly DagDefinition[] = dags;
  const deps: WorkerDeps = {
    ...{ ...open, identity },
    resources: new WorkerResources({ ...open, ...(options.services && { overrides: options.services }) }),
    searchAttributes: searchAttributes ?? (await ensureSearchAttributes(temporal, log)),
    tasks: withIsolation(
      { findTask: (dagId, taskId) => findTask(code, dagId, taskId), describe: (asset) => asset },
      { fileOf: (dagId) => options.fileOf?.(dagId), places: 2 },
    ),
  };
  const connection = await NativeConnection.connect({ address: place.address });
  const workflowBundle = await bundleWorkflows();
  const startWorker = async (named: string, taskQueue?: string): Promise<RunningWorker> => {
    const worker = await createWorker({
      deps: { ...deps, identity: named },
      connection,
      ...(taskQueue === undefined ? { workflowBundle } : { taskQueue }),
      ...(interceptors && { interceptors }),
    });
    const running = worker.run();
    return {
      async stop() {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await running;
      },
    };
  };
  const workers = [await startWorker(identity)];
  const assetIds = new AssetIds(db);
  const deployAll = async (project: ProjectPlan): Promise<void> => {
    if (options.place === undefined) await deploy(deps, project);
    else deps.dispatcher.notify((await deployProject(db, project, hashOf)).changed);
  };
  await deployAll(projectOf(dags, options.pools));

  const eventsOf = async (uris: readonly string[]) => {
    const idOf = await assetIds.find(uris.map(anAsset));
    return uris.map((uri) => ({ assetId: idOf(anAsset(uri)), extra: {}, partitionKey: undefined }));
  };
  const consumer = (dagId: string) =>
    temporal.client.workflow.getHandle<typeof consumerDag>(consumerWorkflowId(parseDagId(dagId)));
  const runsOf = (dagId: string) =>
    db.selectFrom('run').selectAll().where('dag_id', '=', parseDagId(dagId)).orderBy('number').execute();
  const runsClosed = (dagId: string, count: number) =>
    eventually(
      async () => {
        const runs = await runsOf(dagId);
        return runs.filter(({ ended_at }) => ended_at !== null).length >= count && runs;
      },
      // They take long on a machine that is busy with other tests.
      45_000 + 500 * count,
    );
  const tasksOf = (dagId: string, runId: string) =>
    db
      .selectFrom('task_run')
      .selectAll()
      .where('dag_id', '=', parseDagId(dagId))
      .where('run_id', '=', parseRunId(parseDagId(dagId), runId))
      .orderBy('task_id')
      .orderBy('map_index')
      .execute();
  return {
    deps,
    logged,
    address: place.address,
    async deploy(next, pools = options.pools) {
      code = next;
      await deployAll(projectOf(next, pools));
    },
    async post(...uris) {
      return seqsOf(await recordEvents(deps, { events: await eventsOf(uris) }));
    },
    async postWith(uri, { extra = {}, partition: partitionKey }) {
      const events = (await eventsOf([uri])).map((event) => ({ ...event, extra, partitionKey }));
      const [seq = 0] = seqsOf(await recordEvents(deps, { events }));
      return seq;
    },
    async postSilently(...uris) {
      await deps.recorder.record({ source: { kind: 'api' }, events: await eventsOf(uris) });
    },
    async trigger(id, conf = {}) {
      const dagId = parseDagId(id);
      const runId = runIdByHand(Date.now(), Math.random().toString(36).slice(2, 8));
      const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
      await requestRun(deps, { dagId, runId, trigger: 'manual', conf: JSON.stringify(conf), ...none });
      return runId;
    },
    runsOf,
    tasksOf,
    closed: (id, runId) => {
      const dagId: DagId = parseDagId(id);
      return eventually(async () => {
        const run = await readRun(db, dagId, parseRunId(dagId, runId));
        return run?.ended_at === null ? undefined : run;
      });
    },
    gate: (dagId) => eventually(async () => (await consumer(dagId).query(gateQuery)) ?? undefined),
    consumer,
    run: (id, runId) => {
      const dagId = parseDagId(id);
      return temporal.client.workflow.getHandle(runWorkflowId(dagId, parseRunId(dagId, runId), 1));
    },
    runsClosed,
    async resultsOf(dagId, count) {
      const closed = await runsClosed(dagId, count);
      const tasks = await Promise.all(closed.map(({ run_id }) => tasksOf(dagId, run_id)));
      return tasks.map(([task]) => task?.result);
    },
    async startWorker({ identity: named, taskQueue }) {
      const worker = await startWorker(named, taskQueue);
      workers.push(worker);
      return worker;
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await deps.resources.close();
      await connection.close();
      await open.close();
      await database.drop();
    },
  };
}

/**
 * Asks again until there is an answer; fails with the last error, or after `withinMs`: by default long enough for a busy
 * machine, and less than the minute after which reminders mend what was lost.
 */
export async function eventually<Value>(
  ask: () => Promise<Value | undefined | false>,
  withinMs = 45_000,
): Promise<Value> {
  const until = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > until) throw new Error(`not within ${withinMs} ms: ${ask.toString()}`);
    await delay(25);
  }
}

/** A project of DAGs that were written in a test instead of in files. */
export function projectOf(dags: readonly DagDefinition[], pools: readonly PoolPlan[] = []): ProjectPlan {
  const plans = dags.map((dag) => compileDag(dag, `dags/${dag.id}.ts`));
  const refs: readonly Source[] = plans.flatMap(({ condition, run }) => [
    ...(condition === null ? [] : leavesOf(condition)),
    ...run.tasks.flatMap(({ outlets, inlets }) => [...outlets, ...inlets]),
    ...(run.outlets ?? []).map((outlet) => outlet.asset),
  ]);
  const assets = new Map<string, AssetPlan>(
    refs.filter(isAssetSource).map(({ name, uri }) => [uri, anAssetPlan(uri, { name })]),
  );
  const declared = dags.flatMap(({ tasks }) => tasks.flatMap((task) => [...task.outlets, ...task.inlets]));
  for (const { name, uri, group, tags, template } of declared.filter(isAsset)) {
    if (template !== undefined) continue;
    if (group !== 'default' || tags.length > 0) assets.set(uri, anAssetPlan(uri, { name, group, tags }));
  }
  const names = refs.flatMap((source) => (source.kind === 'alias' ? [source.name] : []));
  const aliases = [...new Set(names)].map((name) => ({ name, group: '' }));
  const rest = {
    dags: plans,
    assets: [...assets.values()],
    aliases,
    templates: templatesOf(dags),
    importErrors: [],
    ...(pools.length === 0 ? {} : { pools }),
  };
  return { ...rest, hash: hashOf(rest) };
}

function templatesOf(dags: readonly DagDefinition[]): readonly TemplatePlan[] {
  const awaited = dags.flatMap(({ options }) =>
    leavesOf(partsOfSchedule(options.schedule).condition ?? { kind: 'all', of: [] }),
  );
  const declared = dags.flatMap(({ tasks }) => tasks.flatMap((task) => [...task.outlets, ...task.inlets]));
  const templates = [...awaited, ...declared]
    .filter(isAsset)
    .filter(({ template }) => template !== undefined);
  return [...new Map(templates.map(({ name, uri, group }) => [name, { name, uri, group }])).values()];
}

function findTask(dags: readonly DagDefinition[], dagId: string, taskId: string): TaskDefinition | undefined {
  return dags.find(({ id }) => id === dagId)?.tasks.find(({ id }) => id === taskId);
}
