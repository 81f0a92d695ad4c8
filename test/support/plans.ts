import { createHash } from 'node:crypto';
import { type AssetRef, parseAssetUri } from '../../core/asset-uri.ts';
import type { Condition } from '../../core/condition.ts';
import { parseDagId, parseTaskId } from '../../core/ids.ts';
import type { AssetPlan, ImportError, ProjectPlan } from '../../core/project-plan.ts';
import { type DagPlan, defaultMaxActiveRuns, type TaskPlan } from '../../core/run-plan.ts';

/** An asset whose name is its URI. */
export function anAsset(uri: string): AssetRef {
  return { name: uri, uri: parseAssetUri(uri) };
}

export function anAssetPlan(uri: string, rest: Partial<AssetPlan> = {}): AssetPlan {
  return { ...anAsset(uri), group: '', description: '', owners: [], extra: {}, eventSchema: null, ...rest };
}

/** Holds when the asset was updated. */
export function on(asset: AssetRef): Condition<AssetRef> {
  return { kind: 'asset', asset };
}

export function allOf(...assets: readonly AssetRef[]): Condition<AssetRef> {
  return { kind: 'all', of: assets.map(on) };
}

export function anyOf(...assets: readonly AssetRef[]): Condition<AssetRef> {
  return { kind: 'any', of: assets.map(on) };
}

export function aTaskPlan(id: string, rest: Partial<TaskPlan> = {}): TaskPlan {
  return {
    id: parseTaskId(id),
    needs: [],
    triggerRule: 'all_success',
    retries: { max: 0, initialMs: 1_000, factor: 2, longestMs: 60_000 },
    timeoutMs: null,
    heartbeatTimeoutMs: 30_000,
    taskQueue: null,
    outlets: [],
    inlets: [],
    ...rest,
  };
}

/** A DAG of one task that runs by hand only, but for what is said of it. */
export function aDagPlan({
  dagId,
  tasks = [aTaskPlan('work')],
  ...rest
}: Partial<Omit<DagPlan, 'dagId' | 'run'>> & {
  readonly dagId: string;
  readonly tasks?: readonly TaskPlan[];
}): DagPlan {
  return {
    dagId: parseDagId(dagId),
    description: '',
    tags: [],
    file: `dags/${dagId}.ts`,
    startAt: null,
    condition: null,
    cron: null,
    ...{ maxActiveRuns: defaultMaxActiveRuns, whilePaused: 'keep', startFrom: 'now' },
    ...{ requestedRunsConsume: false },
    paramsSchema: null,
    run: { tasks },
    ...rest,
  };
}

/** A project of these DAGs with every asset they mention; `assets` says more about some of them. */
export function aProject(
  dags: readonly DagPlan[],
  {
    assets = [],
    importErrors = [],
  }: { readonly assets?: readonly AssetPlan[]; readonly importErrors?: readonly ImportError[] } = {},
): ProjectPlan {
  const plans = new Map<string, AssetPlan>(
    dags.flatMap(assetsOf).map(({ uri, name }) => [uri, anAssetPlan(uri, { name })]),
  );
  for (const plan of assets) plans.set(plan.uri, plan);
  const rest = { dags, assets: [...plans.values()], importErrors };
  return { ...rest, hash: hashOf(rest) };
}

export function hashOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function assetsOf({ condition, run }: DagPlan): readonly AssetRef[] {
  const inTasks = run.tasks.flatMap(({ outlets, inlets }) => [...outlets, ...inlets]);
  return [...inTasks, ...(condition === null ? [] : leaves(condition))];
}

function leaves(condition: Condition<AssetRef>): readonly AssetRef[] {
  return condition.kind === 'asset' ? [condition.asset] : condition.of.flatMap(leaves);
}
