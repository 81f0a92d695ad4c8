import { createHash } from 'node:crypto';
import { type AssetRef, parseAssetUri } from '../../core/asset-uri.ts';
import type { Condition } from '../../core/condition.ts';
import { parseDagId, parseTaskId } from '../../core/ids.ts';
import type { AliasPlan, AssetPlan, ImportError, ProjectPlan } from '../../core/project-plan.ts';
import { type DagPlan, defaultMaxActiveRuns, type TaskPlan } from '../../core/run-plan.ts';
import { type AliasSource, isAssetSource, type Source } from '../../core/source.ts';

/** An asset whose name is its URI. */
export function anAsset(uri: string): AssetRef {
  return { name: uri, uri: parseAssetUri(uri) };
}

export function anAssetPlan(uri: string, rest: Partial<AssetPlan> = {}): AssetPlan {
  return {
    ...anAsset(uri),
    group: '',
    tags: [],
    description: '',
    owners: [],
    extra: {},
    eventSchema: null,
    ...rest,
  };
}

/** Updates through an alias. */
export function anAlias(name: string): AliasSource {
  return { kind: 'alias', name };
}

/** Holds when the asset was updated. */
export function on(asset: Source): Condition<Source> {
  return { kind: 'asset', asset };
}

export function allOf(...assets: readonly Source[]): Condition<Source> {
  return { kind: 'all', of: assets.map(on) };
}

export function anyOf(...assets: readonly Source[]): Condition<Source> {
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
  const sources = dags.flatMap(sourcesOf);
  const plans = new Map<string, AssetPlan>(
    sources.filter(isAssetSource).map(({ uri, name }) => [uri, anAssetPlan(uri, { name })]),
  );
  const names = sources.flatMap((source) => (source.kind === 'alias' ? [source.name] : []));
  const aliases = [...new Set(names)].map((name): AliasPlan => ({ name, group: '' }));
  for (const plan of assets) plans.set(plan.uri, plan);
  const rest = { dags, assets: [...plans.values()], aliases, templates: [], importErrors };
  return { ...rest, hash: hashOf(rest) };
}

export function hashOf(value: object): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function sourcesOf({ condition, run }: DagPlan): readonly Source[] {
  const inTasks = run.tasks.flatMap(({ outlets, inlets }) => [...outlets, ...inlets]);
  const ofRuns = (run.outlets ?? []).map(({ asset }) => asset);
  return [...inTasks, ...ofRuns, ...(condition === null ? [] : leaves(condition))];
}

function leaves(condition: Condition<Source>): readonly Source[] {
  return condition.kind === 'asset' ? [condition.asset] : condition.of.flatMap(leaves);
}
