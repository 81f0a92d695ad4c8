import { hostname } from 'node:os';
import {
  NativeConnection,
  type WorkerInterceptors,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { type WorkerDeps, WorkerResources } from '../activities/index.ts';
import { wasDeployed } from '../store/deploy.ts';
import { connectionOptions } from '../temporal/connect.ts';
import { deploy } from '../temporal/deploy.ts';
import { openDeps, type OpenOptions } from '../temporal/open-deps.ts';
import { ensureSearchAttributes } from '../temporal/search-attributes.ts';
import { bundleWorkflows, createWorker } from './create-worker.ts';
import type { WorkerEnvironment } from './environment.ts';
import { loadProject, type Project } from './project.ts';
import { startSweeping } from './sweeping.ts';

export interface RunWorkerOptions extends Omit<OpenOptions, 'environment'> {
  readonly environment: WorkerEnvironment;
  readonly workerInterceptors?: WorkerInterceptors;
  /** Workflows that were compiled before. @defaultValue compiled now, which takes a second or two */
  readonly workflowBundle?: WorkflowBundleWithSourceMap;
}

/** A worker at work. */
export interface RunningWorker {
  /** Resolves when it has stopped; rejects when it broke. */
  readonly done: Promise<void>;
  /** Takes nothing new, lets tasks go on for a few seconds, then hands them back. */
  stop(): void;
}

/** Workflows, tasks, dispatch and sweep of one project, until it is stopped. */
export async function runWorker(options: RunWorkerOptions): Promise<RunningWorker> {
  const { environment, log, workerInterceptors } = options;
  const project = await loadProject(environment.projectFolder);
  for (const { file, message } of project.plan.importErrors) log.error('import error', { file, message });
  for (const { place, message } of project.warnings) log.warn('project warning', { place, message });
  const open = await openDeps(options);
  const deps: WorkerDeps = {
    ...open,
    tasks: project,
    resources: new WorkerResources(open),
    searchAttributes: await ensureSearchAttributes(open.temporal, log),
    identity: `${process.pid}@${hostname()}`,
  };
  const connection = await NativeConnection.connect(connectionOptions(environment.temporal));
  const shared = { deps, connection, ...(workerInterceptors && { interceptors: workerInterceptors }) };
  const workflowBundle = options.workflowBundle ?? (await bundleWorkflows());
  const workers = [await createWorker({ ...shared, workflowBundle })];
  for (const taskQueue of environment.taskQueues) workers.push(await createWorker({ ...shared, taskQueue }));

  const running = Promise.all(workers.map((worker) => worker.run()));
  if (await shouldDeploy(deps, project, environment)) await deployProject(deps, project);
  const stopSweeping = startSweeping(deps, { idempotencyRetentionMs: environment.idempotencyRetentionMs });
  log.info('worker ready', { dags: project.plan.dags.length, taskQueues: workers.map(queueOf) });

  const done = running.then(async () => {
    await deps.resources.close();
    await stopSweeping();
    await connection.close();
    await open.close();
  });
  return {
    done,
    stop: () => workers.forEach((worker) => worker.getState() === 'RUNNING' && worker.shutdown()),
  };
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
