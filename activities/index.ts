import { type ConsumerActivities, createConsumerActivities } from './consumer-activities.ts';
import type { WorkerDeps } from './deps.ts';
import { withFailures } from './failure.ts';
import { createPruneActivities, type PruneActivities } from './prune-activities.ts';
import { createRunActivities, type RunActivities } from './run-activities.ts';
import { createRunTask, type RunTask, type TaskResult } from './run-task.ts';

export type { ConsumerActivities } from './consumer-activities.ts';
export type { TaskCode, WorkerDeps } from './deps.ts';
export type { SlotAnswer, SlotExchange, SlotWish } from './pool-slots.ts';
export type { PruneActivities } from './prune-activities.ts';
export type { RunActivities } from './run-activities.ts';
export { WorkerResources } from './resources.ts';
export type { RunTask, TaskResult } from './run-task.ts';

export interface Activities extends ConsumerActivities, RunActivities, PruneActivities {
  /** Every task of every DAG: activity types are the authors' words, so the arguments say which task it is. */
  default(task: RunTask): Promise<TaskResult>;
}

export function createActivities(deps: WorkerDeps): Activities {
  return withFailures({
    ...createConsumerActivities(deps),
    ...createRunActivities(deps),
    ...createPruneActivities(deps),
    default: createRunTask(deps),
  });
}
