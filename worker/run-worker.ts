import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { NativeConnection, type WorkerInterceptors } from '@temporalio/worker';
import { type WorkerDeps, WorkerResources } from '../activities/index.ts';
import type { DagId } from '../core/ids.ts';
import { wasDeployed } from '../store/deploy.ts';
import { connectionOptions } from '../temporal/connect.ts';
import { deploy } from '../temporal/deploy.ts';
import { openDeps, type OpenOptions } from '../temporal/open-deps.ts';
import { ensureSearchAttributes } from '../temporal/search-attributes.ts';
import { createWorker } from './create-worker.ts';
import { bundleWorkflows } from './workflow-bundle.ts';
import { createDraining } from './draining.ts';
import type { WorkerEnvironment } from './environment.ts';
import { withIsolation } from './isolation.ts';
import { loadProject, type Project } from './project.ts';
import { startSweeping } from './sweeping.ts';

export interface RunWorkerOptions extends Omit<OpenOptions, 'environment'> {
  readonly environment: WorkerEnvironment;
  readonly workerInterceptors?: WorkerInterceptors;
}

/** How long a task that is told to stop may take to do so, and its worker to say so. */
const stopMs = 15_000;

/** A worker at work. */
export interface RunningWorker {
  /** Resolves when it has stopped; rejects when it broke. */
  readonly done: Promise<void>;
  /** Takes nothing new, lets tasks go on for the drain time-out, then hands them back. Said again it hands them back at once. */
  stop(): void;
}

/** Workflows, tasks, dispatch and sweep of one project, until it is stopped. */
export async function runWorker(options: RunWorkerOptions): Promise<RunningWorker> {
  const { environment, log, workerInterceptors } = options;
  const project = await loadProject(environment.projectFolder);
  for (const { file, message } of project.plan.importErrors) log.error('import error', { file, message });
  for (const { place, message } of project.warnings) log.warn('project warning', { place, message });
  const open = await openDeps(options);
  const draining = createDraining();
  const deps: WorkerDeps = {
    ...open,
    tasks: withIsolation(project, { fileOf: fileIn(project), places: environment.isolatedTasks }),
    resources: new WorkerResources(open),
    searchAttributes: await ensureSearchAttributes(open.temporal, log),
    identity: `${process.pid}@${hostname()}`,
    handBack: draining.handBack,
  };
  const connection = await NativeConnection.connect(connectionOptions(environment.temporal));
  const { drainMs } = environment;
  const interceptors = workerInterceptors && { interceptors: workerInterceptors };
  const shared = { deps, connection, graceMs: drainMs + stopMs, ...interceptors };
  const workflowBundle = await bundleWorkflows();
  const workers = [await createWorker({ ...shared, workflowBundle })];
  for (const taskQueue of environment.taskQueues) workers.push(await createWorker({ ...shared, taskQueue }));

  const running = Promise.all(workers.map((worker) => worker.run()));
  if (await shouldDeploy(deps, project, environment)) await deployProject(deps, project);
  const stopSweeping = startSweeping(deps, { idempotencyRetentionMs: environment.idempotencyRetentionMs });
  log.info('worker ready', { dags: project.plan.dags.length, taskQueues: workers.map(queueOf) });

  const done = running.then(async () => {
    draining.end();
    await deps.resources.close();
    await stopSweeping();
    await connection.close();
    await open.close();
  });
  return {
    done,
    stop: () =>
      draining.stop({
        ...{ drainMs, log },
        close: () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown()),
        countTasks: () =>
          workers.reduce((sum, worker) => sum + worker.getStatus().numInFlightNonLocalActivities, 0),
      }),
  };
}

/** Where the code of DAGs is on this machine. */
function fileIn({ folder, plan }: Project): (dagId: DagId) => string | undefined {
  const files = new Map(plan.dags.map(({ dagId, file }) => [dagId, resolve(folder, file)]));
  return (dagId) => files.get(dagId);
}

async function shouldDeploy(
  { db }: WorkerDeps,
  { plan }: Project,
  { deploys }: WorkerEnvironment,
): Promise<boolean> {
  if (deploys !== 'new') return deploys === 'always';
  // An old worker that restarts must roll nothing back, so what was deployed before is left to whoever deployed since.
  return !(await wasDeployed(db, plan.hash));
}

async function deployProject(deps: WorkerDeps, { plan }: Project): Promise<void> {
  const { unchanged, ...changes } = await deploy(deps, plan);
  deps.log.info('project deployed', { ...changes, unchanged: unchanged.length });
}

function queueOf(worker: { readonly options: { readonly taskQueue: string } }): string {
  return worker.options.taskQueue;
}
