import {
  ClearDagRun,
  ClearedTaskInstances,
  ClearTaskInstances,
  DagRunAttemptCollection,
} from './contract/clearing.ts';
import { DagRun } from './contract/dag-runs.ts';
import { PatchDagRun, PatchTaskInstance } from './contract/marking.ts';
import { TaskInstanceCollection } from './contract/task-instances.ts';
import type { Operation } from './operation.ts';

const run = '/api/v2/dags/:dag_id/dagRuns/:dag_run_id';
const failures = [400, 404, 409, 413, 415, 422] as const;

/** What is done to runs by hand: tasks run again, and runs and tasks are marked. */
export const attemptOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/v2/dags/:dag_id/clearTaskInstances',
    summary: 'Run tasks of a run again, or say which would',
    tag: 'Task instance',
    body: ClearTaskInstances,
    answer: ClearedTaskInstances,
    failures,
  },
  {
    method: 'post',
    path: `${run}/clear`,
    summary:
      'Run a run again on the events it consumed, whole or what failed of it, or say which tasks would',
    tag: 'DAG run',
    body: ClearDagRun,
    answer: ClearedTaskInstances.or(DagRun),
    failures,
  },
  {
    method: 'get',
    path: `${run}/attempts`,
    summary: 'Attempts of a run, and what was said of them by hand',
    tag: 'DAG run',
    answer: DagRunAttemptCollection,
    failures: [404],
    isOurs: true,
  },
  {
    method: 'patch',
    path: run,
    summary: 'Mark a run as succeeded or failed, or note something',
    tag: 'DAG run',
    body: PatchDagRun,
    answer: DagRun,
    failures,
  },
  {
    method: 'patch',
    path: `${run}/taskInstances/:task_id`,
    summary: 'Mark a task of a run that has ended',
    tag: 'Task instance',
    body: PatchTaskInstance,
    answer: TaskInstanceCollection,
    failures,
  },
  {
    method: 'patch',
    path: `${run}/taskInstances/:task_id/:map_index`,
    summary: 'Mark one instance of a mapped task of a run that has ended',
    tag: 'Task instance',
    body: PatchTaskInstance,
    answer: TaskInstanceCollection,
    failures,
  },
];
