import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { assetKey } from '../core/asset-uri.ts';
import { leavesOf } from '../core/condition.ts';
import type { PoolPlan } from '../core/pool.ts';
import { parsePools } from '../core/pool-options.ts';
import type { ImportError, ProjectPlan, ProjectWarning } from '../core/project-plan.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { AnyAsset } from '../sdk/asset.ts';
import { compileDag } from '../sdk/compile.ts';
import { compileRetention } from '../sdk/compile-retention.ts';
import { compileAsset } from '../sdk/compile-asset.ts';
import type { ProjectConfig } from '../sdk/config.ts';
import { type DagDefinition, dagOf } from '../sdk/dag.ts';
import { partsOfSchedule } from '../sdk/schedule.ts';
import { type AnySource, isAlias, isAsset, isSource } from '../sdk/source.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import { requireUri, warningsOf } from './asset-uris.ts';
import { exportedValues } from './exported-values.ts';
import { importErrorMessage, withoutPaths } from './import-error.ts';
import { withFullOutlets } from './full-outlets.ts';
import { freshImporter, type Importer } from './import-fresh.ts';
import { requireNoSecrets } from './leaked-secrets.ts';
import { type AliasUse, mergeAliases } from './project-aliases.ts';
import { type AssetUse, mergeAssets } from './project-assets.ts';
import { findProjectFiles } from './project-files.ts';
import { hashOf } from './project-hash.ts';
import { poolCircles, requirePools } from './project-pools.ts';
import { warningsOfSecrets } from './short-secrets.ts';

/** A folder of DAG files, loaded: what is deployed of it, and the code that its tasks run. */
export interface Project {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly plan: ProjectPlan;
  readonly warnings: readonly ProjectWarning[];
  readonly findTask: (dagId: string, taskId: string) => TaskDefinition | undefined;
  /** An asset as the project's fullest declaration of it says. */
  readonly describe: (asset: AnyAsset) => AnyAsset;
}

/** A DAG that compiled by itself; the project may still refuse it for what other files say. */
interface Compiled {
  readonly file: string;
  readonly definition: DagDefinition;
  readonly plan: DagPlan;
  readonly sources: readonly AnySource[];
}

interface Loaded {
  readonly dags: readonly Compiled[];
  readonly uses: readonly AssetUse[];
  readonly aliasUses: readonly AliasUse[];
  readonly errors: readonly ImportError[];
}

/**
 * Loads a project as it is on disk now; calling it again picks up what changed. Files that are broken become import errors.
 * @throws TidegateError `invalid_definition` when the folder is not a project
 */
export async function loadProject(projectFolder: string): Promise<Project> {
  // Stack traces name files by their real path.
  const folder = await realpath(projectFolder).catch(() => resolve(projectFolder));
  const importFile = freshImporter();
  const { config, files } = await findProjectFiles(folder, importFile);
  const pools = config.pools === undefined ? [] : parsePools(config.pools);
  const seen = new Set<DagDefinition>();
  const loaded: Loaded[] = [];
  // One after another, so that a DAG exported by two files belongs to the first of them on every machine.
  for (const file of files) loaded.push(await loadFile({ folder, config, pools }, file, importFile, seen));

  const dags = loaded.flatMap((one) => one.dags);
  const uses = loaded.flatMap((one) => one.uses);
  const assets = mergeAssets(uses);
  const aliases = mergeAliases(loaded.flatMap((one) => one.aliasUses));
  const clashes = [...assets.clashes, ...aliases.clashes];
  const isClashing = (source: AnySource): boolean =>
    isAsset(source)
      ? assets.clashing.has(assetKey(source))
      : isAlias(source) && aliases.clashing.has(source.name);
  const duplicates = duplicatesOf(dags);
  const circles = poolCircles(dags.map(({ plan }) => plan));
  const undecided: ImportError[] = [];
  const deployed = dags
    .filter(
      ({ plan, sources }) =>
        !duplicates.ids.has(plan.dagId) && !circles.has(plan.dagId) && !sources.some(isClashing),
    )
    .flatMap((dag) => {
      try {
        return [{ ...dag, plan: withFullOutlets(dag.plan, dag.definition, assets) }];
      } catch (error) {
        const message = importErrorMessage(error, resolve(folder, dag.file), folder);
        undecided.push({ file: dag.file, message });
        return [];
      }
    });
  const plan = {
    ...(config.retention === undefined ? {} : { retention: compileRetention(config.retention) }),
    ...(pools.length === 0 ? {} : { pools }),
    dags: deployed.map((dag) => dag.plan).toSorted((a, b) => (a.dagId < b.dagId ? -1 : 1)),
    assets: assets.plans,
    aliases: aliases.plans,
    templates: assets.templates,
    importErrors: perFile([
      ...loaded.flatMap((one) => one.errors),
      ...duplicates.errors,
      ...undecided,
      ...dags.flatMap(({ file, plan: { dagId } }) => {
        const message = circles.get(dagId);
        return message === undefined ? [] : [{ file, message }];
      }),
      ...clashes.flatMap((clash) => clash.files.map((file) => ({ file, message: clash.message }))),
    ]).map(({ file, message }) => ({ file, message: withoutPaths(message, folder) })),
  };
  const warnings = [
    ...warningsOf(
      uses.map(({ asset }) => asset),
      config,
    ),
    ...warningsOfSecrets(folder),
  ].map(({ place, message }) => ({ place: withoutPaths(place, folder), message }));
  const describe = (asset: AnyAsset): AnyAsset => assets.assets.get(assetKey(asset)) ?? asset;
  const tasks = tasksOf(deployed, describe);
  return {
    folder,
    config,
    plan: { hash: hashOf(plan), ...plan },
    warnings,
    findTask: (dagId, taskId) => tasks.get(dagId)?.get(taskId),
    describe,
  };
}

async function loadFile(
  { folder, config, pools }: Pick<Project, 'folder' | 'config'> & { readonly pools: readonly PoolPlan[] },
  file: string,
  importFile: Importer,
  seen: Set<DagDefinition>,
): Promise<Loaded> {
  const path = resolve(folder, file);
  const dags: Compiled[] = [];
  const uses: AssetUse[] = [];
  const aliasUses: AliasUse[] = [];
  const errors: ImportError[] = [];
  const attempt = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      errors.push({ file, message: importErrorMessage(error, path, folder) });
    }
  };
  const use = (source: AnySource): void => {
    if (isAlias(source)) {
      requireNoSecrets(`alias (${source.place})`, { name: source.name, group: source.group });
      aliasUses.push({ alias: source, file });
    }
    if (!isAsset(source)) return;
    requireNoSecrets(`asset (${source.place})`, compileAsset(source));
    requireUri(source, config);
    uses.push({ asset: source, file });
  };

  const exported = await importFile(path).catch((error: unknown) => {
    errors.push({ file, message: importErrorMessage(error, path, folder) });
    return {};
  });
  for (const value of exportedValues(exported)) {
    if (isSource(value)) attempt(() => use(value));
    const definition = dagOf(value);
    if (definition === undefined || seen.has(definition)) continue;
    seen.add(definition);
    attempt(() => {
      const plan = compileDag(withQueue(definition, config), file);
      requirePools(definition, plan, pools);
      requireNoSecrets(`DAG (${definition.place})`, plan);
      const sources = sourcesOf(definition);
      for (const source of sources) use(source);
      dags.push({ file, definition, plan, sources });
    });
  }
  return { dags, uses, aliasUses, errors };
}

/** The project's queue stands in where a DAG names none. */
function withQueue(dag: DagDefinition, { taskQueue }: ProjectConfig): DagDefinition {
  return taskQueue === undefined ? dag : { ...dag, options: { taskQueue, ...dag.options } };
}

/** Every asset and alias a DAG waits for, reads or updates. */
function sourcesOf({ options: { schedule, outlets = [] }, tasks }: DagDefinition): readonly AnySource[] {
  const { condition } = partsOfSchedule(schedule);
  const awaited = condition === null ? [] : leavesOf(condition);
  return [
    ...new Set([
      ...awaited.filter(isSource),
      ...outlets,
      ...tasks.flatMap((task) => [...task.outlets, ...task.inlets]),
    ]),
  ];
}

function duplicatesOf(dags: readonly Compiled[]): {
  readonly ids: ReadonlySet<string>;
  readonly errors: readonly ImportError[];
} {
  const ids = new Set<string>();
  const errors: ImportError[] = [];
  for (const id of new Set(dags.map((dag) => dag.plan.dagId))) {
    const same = dags.filter((dag) => dag.plan.dagId === id);
    if (same.length < 2) continue;
    ids.add(id);
    const places = same.map((dag) => dag.definition.place).join(' and at ');
    const message = `${same.length} DAGs have the id '${id}', at ${places}: rename all but one`;
    errors.push(...same.map(({ file }) => ({ file, message })));
  }
  return { ids, errors };
}

/** One error a file, in the order of the files; what is wrong twice for the same reason is said once. */
function perFile(errors: readonly ImportError[]): readonly ImportError[] {
  const messages = new Map<string, Set<string>>();
  for (const { file, message } of errors) messages.set(file, (messages.get(file) ?? new Set()).add(message));
  return [...messages]
    .map(([file, said]) => ({ file, message: [...said].join('\n') }))
    .toSorted((a, b) => (a.file < b.file ? -1 : 1));
}

/** The code behind the deployed plans, with outlets as the project's fullest declaration of them says. */
function tasksOf(
  dags: readonly Compiled[],
  describe: (asset: AnyAsset) => AnyAsset,
): ReadonlyMap<string, ReadonlyMap<string, TaskDefinition>> {
  const full = (source: AnySource): AnySource => (isAsset(source) ? describe(source) : source);
  return new Map(
    dags.map(({ definition, plan }) => [
      plan.dagId,
      new Map(
        definition.tasks.map((task) => [
          task.id,
          { ...task, outlets: task.outlets.map(full), inlets: task.inlets.map(full) },
        ]),
      ),
    ]),
  );
}
