import {
  type NativeConnection,
  Worker,
  type WorkerInterceptors,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { withoutWorkflowStacks } from './workflow-stacks.ts';
import { createActivities, type WorkerDeps } from '../activities/index.ts';

export interface WorkerOptions {
  readonly deps: WorkerDeps;
  readonly connection: NativeConnection;
  /** What `bundleWorkflows` made; a worker without it runs tasks only. */
  readonly workflowBundle?: WorkflowBundleWithSourceMap;
  /** Queue whose tasks it takes. @defaultValue the project's own */
  readonly taskQueue?: string;
  /** Most tasks at a time. @defaultValue 100 */
  readonly maxConcurrentTasks?: number;
  readonly interceptors?: WorkerInterceptors;
  /** How long tasks may go on once it stops, before Temporal cancels them. @defaultValue 5 seconds, in milliseconds */
  readonly graceMs?: number;
}

const defaultGraceMs = 5_000;
/** How often the server hears of a running task, and the task of its cancellation. */
const heartbeatMs = 2_000;

/** A worker on one task queue; it begins with `run()`. */
export async function createWorker(options: WorkerOptions): Promise<Worker> {
  const { deps, connection, workflowBundle, taskQueue, maxConcurrentTasks, interceptors, graceMs } = options;
  const create = () =>
    Worker.create({
      connection,
      namespace: deps.temporal.namespace,
      taskQueue: taskQueue ?? deps.temporal.taskQueue,
      identity: deps.identity,
      activities: createActivities(deps),
      ...(workflowBundle === undefined ? {} : { workflowBundle }),
      ...(interceptors === undefined ? {} : { interceptors }),
      maxConcurrentActivityTaskExecutions: maxConcurrentTasks ?? 100,
      maxHeartbeatThrottleInterval: heartbeatMs,
      shutdownGraceTime: graceMs ?? defaultGraceMs,
    });
  return workflowBundle === undefined ? create() : withoutWorkflowStacks(create);
}
