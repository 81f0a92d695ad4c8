import {
  AssetEvent,
  AssetEventCollection,
  AssetEventQuery,
  CreateAssetEvent,
  CreateAssetEvents,
  CreatedAssetEvents,
} from './contract/asset-events.ts';
import {
  AssetAlias,
  AssetAliasCollection,
  AssetAliasQuery,
  AssetTemplate,
  AssetTemplateCollection,
} from './contract/aliases.ts';
import { Asset, AssetCollection, AssetQuery } from './contract/assets.ts';
import { MaterializeAsset, RequestedDagRun } from './contract/dag-runs.ts';
import { Dag, DagCollection, DagDetails, DagQuery, PatchDag, TaskCollection } from './contract/dags.ts';
import { Backtest, CreateBacktest } from './contract/backtest.ts';
import { DeadlineCollection, DeadlineQuery } from './contract/deadlines.ts';
import { DagGate } from './contract/gate.ts';
import { Liveness, MonitorHealth, Readiness, Version } from './contract/health.ts';
import { ImportErrorCollection, ImportErrorQuery } from './contract/import-errors.ts';
import { NextRunCollection, NextRunQuery } from './contract/next-runs.ts';
import { PatchProject, Project } from './contract/project.ts';
import { JsonObject } from './contract/scalars.ts';
import type { Operation } from './operation.ts';
import { attemptOperations } from './attempt-operations.ts';
import { queuedEventOperations } from './queued-event-operations.ts';
import { poolOperations } from './pool-operations.ts';
import { runOperations } from './run-operations.ts';

export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/health',
    summary: 'Whether the process is alive',
    tag: 'Health',
    answer: Liveness,
    failures: [],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/ready',
    summary: 'Whether Postgres and Temporal are there',
    tag: 'Health',
    answer: Readiness,
    failures: [],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/version',
    summary: 'Version of Tidegate',
    tag: 'Health',
    answer: Version,
    failures: [],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    tag: 'Health',
    answer: JsonObject,
    failures: [],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/monitor/health',
    summary: 'Health of each part',
    tag: 'Health',
    answer: MonitorHealth,
    failures: [],
  },
  {
    method: 'get',
    path: '/api/v2/version',
    summary: 'Version of Tidegate',
    tag: 'Health',
    answer: Version,
    failures: [],
  },
  {
    method: 'get',
    path: '/api/v2/importErrors',
    summary: 'Files that could not be loaded',
    tag: 'Import error',
    query: ImportErrorQuery,
    answer: ImportErrorCollection,
    failures: [400, 422],
  },
  {
    method: 'get',
    path: '/api/v2/project',
    summary: 'Whether the whole project is paused, by whom, and how long it keeps what',
    tag: 'Project',
    answer: Project,
    failures: [],
    isOurs: true,
  },
  {
    method: 'patch',
    path: '/api/v2/project',
    summary: 'Pause or resume every DAG of the project',
    tag: 'Project',
    body: PatchProject,
    answer: Project,
    failures: [400, 413, 415, 422],
    isOurs: true,
  },
  ...poolOperations,
  {
    method: 'get',
    path: '/api/v2/dags',
    summary: 'List DAGs',
    tag: 'DAG',
    query: DagQuery,
    answer: DagCollection,
    failures: [400, 422],
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id',
    summary: 'Show a DAG',
    tag: 'DAG',
    answer: Dag,
    failures: [404],
  },
  {
    method: 'patch',
    path: '/api/v2/dags/:dag_id',
    summary: 'Pause or resume a DAG',
    tag: 'DAG',
    body: PatchDag,
    answer: Dag,
    failures: [400, 404, 409, 413, 415, 422],
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/details',
    summary: 'Show a DAG with its definition',
    tag: 'DAG',
    answer: DagDetails,
    failures: [404],
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/tasks',
    summary: 'Tasks of a DAG',
    tag: 'DAG',
    answer: TaskCollection,
    failures: [404],
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/gate',
    summary: 'What a DAG waits for, and why',
    tag: 'DAG',
    answer: DagGate,
    failures: [404],
    isOurs: true,
  },
  {
    method: 'post',
    path: '/api/v2/dags/:dag_id/backtest',
    summary: 'Which runs a schedule would have started, beside those that there were',
    tag: 'DAG',
    body: CreateBacktest,
    answer: Backtest,
    failures: [400, 404, 413, 415, 422],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/deadlines',
    summary: 'Deadlines of a DAG that came, newest first',
    tag: 'DAG',
    query: DeadlineQuery,
    answer: DeadlineCollection,
    failures: [404, 422],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/dags/:dag_id/nextRuns',
    summary: 'The next times of the schedule of a DAG',
    tag: 'DAG',
    query: NextRunQuery,
    answer: NextRunCollection,
    failures: [404, 422, 503],
    isOurs: true,
  },
  ...runOperations,
  {
    method: 'get',
    path: '/api/v2/assets',
    summary: 'List assets',
    tag: 'Asset',
    query: AssetQuery,
    answer: AssetCollection,
    failures: [400, 422],
  },
  {
    method: 'get',
    path: '/api/v2/assets/events',
    summary: 'List asset events',
    tag: 'Asset',
    query: AssetEventQuery,
    answer: AssetEventCollection,
    failures: [400, 422],
  },
  {
    method: 'post',
    path: '/api/v2/assets/events',
    summary: 'Record an asset event',
    tag: 'Asset',
    body: CreateAssetEvent,
    answer: AssetEvent,
    failures: [400, 404, 409, 413, 415, 422],
  },
  {
    method: 'post',
    path: '/api/v2/assets/events/bulk',
    summary: 'Record up to 10,000 asset events, all or none',
    tag: 'Asset',
    body: CreateAssetEvents,
    answer: CreatedAssetEvents,
    failures: [400, 404, 409, 413, 415, 422],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/assets/aliases',
    summary: 'List aliases',
    tag: 'Asset',
    query: AssetAliasQuery,
    answer: AssetAliasCollection,
    failures: [400, 422],
  },
  {
    method: 'get',
    path: '/api/v2/assets/aliases/:asset_alias_id',
    summary: 'Show an alias',
    tag: 'Asset',
    answer: AssetAlias,
    failures: [404, 422],
  },
  {
    method: 'get',
    path: '/api/v2/assets/templates',
    summary: 'List templated assets',
    tag: 'Asset',
    query: AssetAliasQuery,
    answer: AssetTemplateCollection,
    failures: [400, 422],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/assets/templates/:asset_template_id',
    summary: 'Show a templated asset with its instances',
    tag: 'Asset',
    answer: AssetTemplate,
    failures: [404, 422],
    isOurs: true,
  },
  {
    method: 'get',
    path: '/api/v2/assets/:asset_id',
    summary: 'Show an asset',
    tag: 'Asset',
    answer: Asset,
    failures: [404, 422],
  },
  {
    method: 'post',
    path: '/api/v2/assets/:asset_id/materialize',
    summary: 'Run the one DAG that produces an asset',
    tag: 'Asset',
    body: MaterializeAsset,
    isBodyOptional: true,
    answer: RequestedDagRun,
    failures: [400, 404, 409, 413, 415, 422, 429],
  },
  ...queuedEventOperations,
  ...attemptOperations,
];

const airflowCalls = operations
  .filter(({ isOurs }) => isOurs !== true)
  .map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}/?$`) }));

/** Whether Airflow has the call that such a request makes. */
export function isInAirflow(method: string, path: string): boolean {
  return airflowCalls.some((call) => call.method === method.toLowerCase() && call.pattern.test(path));
}

/** Every path with the methods it takes, in the order in which Express has to ask. */
export function declaredPaths(): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, method } of operations) {
    const methods = paths.get(path) ?? [];
    // Express answers HEAD wherever it answers GET.
    methods.push(...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]));
    paths.set(path, methods);
  }
  return paths;
}
