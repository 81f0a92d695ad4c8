import { AssetEventCollection } from './contract/asset-events.ts';
import {
  CreateDagRun,
  DagRun,
  DagRunCollection,
  DagRunQuery,
  RequestedDagRun,
  UpstreamEventQuery,
} from './contract/dag-runs.ts';
import {
  TaskInstanceCollection,
  TaskInstanceQuery,
  TaskLogQuery,
  TaskLogs,
} from './contract/task-instances.ts';
import type { Operation } from './operation.ts';

const run = '/api/v2/dags/:dag_id/dagRuns/:dag_run_id';

/** Runs, their tasks and what these logged. */
export const runOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/dagRuns',
    summary: 'List runs of a DAG, or of all with `~`',
    tag: 'DAG run',
    query: DagRunQuery,
    answer: DagRunCollection,
    failures: [400, 404, 422],
  },
  {
    method: 'post',
    path: '/api/v2/dags/:dag_id/dagRuns',
    summary: 'Trigger a run',
    tag: 'DAG run',
    body: CreateDagRun,
    answer: RequestedDagRun,
    failures: [400, 404, 409, 413, 415, 422, 429],
  },
  { method: 'get', path: run, summary: 'Show a run', tag: 'DAG run', answer: DagRun, failures: [404] },
  {
    method: 'get',
    path: `${run}/upstreamAssetEvents`,
    summary: 'Events a run consumed',
    tag: 'DAG run',
    query: UpstreamEventQuery,
    answer: AssetEventCollection,
    failures: [404, 422],
  },
  {
    method: 'post',
    path: `${run}/cancel`,
    summary: 'Cancel a run',
    tag: 'DAG run',
    answer: DagRun,
    status: 202,
    failures: [404],
    isOurs: true,
  },
  {
    method: 'get',
    path: `${run}/taskInstances`,
    summary: 'Tasks of a run',
    tag: 'Task instance',
    query: TaskInstanceQuery,
    answer: TaskInstanceCollection,
    failures: [404, 422],
  },
  {
    method: 'get',
    path: `${run}/taskInstances/:task_id/listMapped`,
    summary: 'Instances of a mapped task',
    tag: 'Task instance',
    query: TaskInstanceQuery,
    answer: TaskInstanceCollection,
    failures: [404, 422],
  },
  {
    method: 'get',
    path: `${run}/taskInstances/:task_id/logs/:try_number`,
    summary: 'Log of one try of a task',
    tag: 'Task instance',
    query: TaskLogQuery,
    answer: TaskLogs,
    failures: [404, 422],
  },
];
