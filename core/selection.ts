import { assetKey, type AssetRef } from './asset-uri.ts';
import { type Condition, leavesOf, maxLeaves } from './condition.ts';
import { isLike } from './glob.ts';
import { canonicalJson } from './json.ts';
import type { DagPlan, TaskPlan } from './run-plan.ts';
import {
  isAssetSource,
  isOpenSource,
  isPassage,
  type PassageSource,
  type RefSource,
  type SelectorSource,
  type Source,
  sourceKey,
  titleOf,
} from './source.ts';

/** An active asset as far as selectors ask. */
export interface SelectableAsset extends AssetRef {
  readonly group: string;
  readonly tags: readonly string[];
  /** What it ever came through. */
  readonly through: readonly PassageSource[];
}

/** The active assets of a project at one time. */
export interface AssetCatalog {
  /** By name. */
  readonly all: readonly SelectableAsset[];
  find(reference: RefSource): SelectableAsset | undefined;
}

/** A plan that says which assets it is about, with what people should know about that. */
export interface ResolvedPlan {
  readonly plan: DagPlan;
  readonly notes: readonly string[];
}

export function catalogOf(assets: readonly SelectableAsset[]): AssetCatalog {
  const byName = new Map(assets.map((asset) => [asset.name, asset]));
  const byUri = new Map<string, SelectableAsset>(assets.map((asset) => [asset.uri, asset]));
  return {
    all: assets.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    find: ({ by, name }) => (by === 'name' ? byName : byUri).get(name),
  };
}

/** Whether what a plan is about depends on which assets there are. */
export function isOpenPlan({ condition, run }: DagPlan): boolean {
  const inTasks = run.tasks.flatMap(({ outlets, inlets }) => [...outlets, ...inlets]);
  return [...(condition === null ? [] : leavesOf(condition)), ...inTasks].some(isOpenSource);
}

/**
 * The plan with assets in place of references and selectors. A reference to what is not there stays, and is never met. A selector stands
 * for the assets it selects as if they were written in its place, in the order of their names; alone it means all of them. It never
 * selects what its own DAG updates, which would start itself again and again.
 */
export function resolvePlan(plan: DagPlan, catalog: AssetCatalog): ResolvedPlan {
  if (!isOpenPlan(plan)) return { plan, notes: [] };
  const tasks = plan.run.tasks.map((task): TaskPlan => ({
    ...task,
    outlets: task.outlets.map((source) => resolveSource(source, catalog)),
    inlets: task.inlets.map((source) => resolveSource(source, catalog)),
  }));
  const run = { ...plan.run, tasks };
  if (plan.condition === null) return { plan: { ...plan, run }, notes: [] };

  const isOwn = ownAssets({ ...plan, run });
  const select = (selector: SelectorSource): readonly SelectableAsset[] =>
    catalog.all.filter((asset) => isSelected(asset, selector) && !isOwn(asset));
  const notes = new Set<string>();
  const selected = (selector: SelectorSource): readonly AssetRef[] => {
    const found = select(selector).map(({ name, uri }) => ({ name, uri }));
    if (found.length === 0) notes.add(`${titleOf(selector)} selects no active asset.`);
    return found;
  };
  const condition = expand(plan.condition, catalog, selected);
  const leaves = leavesOf(condition).length;
  if (leaves <= maxLeaves) return { plan: { ...plan, run, condition }, notes: [...notes] };
  return {
    plan: { ...plan, run, condition: { kind: 'any', of: [] } },
    notes: [
      `Its selectors make ${leaves} leaves, ${maxLeaves} are allowed: it waits for nothing until they are narrower.`,
    ],
  };
}

type Selected = (selector: SelectorSource) => readonly AssetRef[];

function expand(condition: Condition<Source>, catalog: AssetCatalog, selected: Selected): Condition<Source> {
  if (condition.kind !== 'asset') return { ...condition, of: expandParts(condition.of, catalog, selected) };
  if (condition.asset.kind === 'selector')
    return { kind: 'all', of: expandParts([condition], catalog, selected) };
  return { ...condition, asset: resolveSource(condition.asset, catalog) };
}

/** What a selector adds beside what is written anyway is added once. */
function expandParts(
  parts: readonly Condition<Source>[],
  catalog: AssetCatalog,
  selected: Selected,
): readonly Condition<Source>[] {
  const isSelector = (part: Condition<Source>): boolean =>
    part.kind === 'asset' && part.asset.kind === 'selector';
  const written = parts.map((part) => (isSelector(part) ? undefined : expand(part, catalog, selected)));
  const seen = new Set(written.map((part) => canonicalJson(part ?? null)));
  return parts.flatMap((part, index): readonly Condition<Source>[] => {
    const own = written[index];
    if (own !== undefined || part.kind !== 'asset' || part.asset.kind !== 'selector')
      return own === undefined ? [] : [own];
    const added = selected(part.asset).map((asset) => ({ ...part, asset }));
    return added.filter((leaf) => {
      const key = canonicalJson(leaf);
      return !seen.has(key) && seen.add(key);
    });
  });
}

function resolveSource(source: Source, catalog: AssetCatalog): Source {
  if (source.kind !== 'ref') return source;
  const found = catalog.find(source);
  return found === undefined ? source : { name: found.name, uri: found.uri };
}

function isSelected({ name, group, tags }: SelectableAsset, selector: SelectorSource): boolean {
  switch (selector.by) {
    case 'group':
      return group === selector.name;
    case 'tag':
      return tags.includes(selector.name);
    default:
      return isLike(name, selector.name);
  }
}

/** What a DAG updates: its outlets, and what ever came through aliases and templates that are. */
function ownAssets({ run }: DagPlan): (asset: SelectableAsset) => boolean {
  const outlets = run.tasks.flatMap((task) => task.outlets);
  const keys = new Set(
    [...outlets.filter(isAssetSource), ...(run.outlets ?? []).map(({ asset }) => asset)].map(assetKey),
  );
  const passages = new Set(outlets.filter(isPassage).map(sourceKey));
  return (asset) => keys.has(assetKey(asset)) || asset.through.some((one) => passages.has(sourceKey(one)));
}
