import { type LeafId, leafOfSubscription } from './leaves.ts';
import { type Condition, mapLeaves } from './condition.ts';
import type { LeafAssets } from './explanation.ts';
import { parseScenarioAsset } from './scenario-schedule.ts';
import type { ScenarioEvent, Source } from './scenario.ts';

/** A condition with its leaves numbered, as a deploy numbers them, and what each of them stands for. */
export interface Sources {
  readonly condition: Condition<LeafId> | null;
  /** In the order in which the condition names them first. */
  readonly leaves: ReadonlyMap<LeafId, Source>;
  readonly assets: LeafAssets;
}

export function numberSources(condition: Condition<Source> | null): Sources {
  const numbers = new Map<string, LeafId>();
  const leaves = new Map<LeafId, Source>();
  const number = (source: Source): LeafId => {
    const key = keyOf(source.kind, nameOf(source));
    const leaf = numbers.get(key) ?? leafOfSubscription(numbers.size + 1);
    numbers.set(key, leaf);
    leaves.set(leaf, leaves.get(leaf) ?? source);
    return leaf;
  };
  const numbered = condition === null ? null : mapLeaves(condition, number);
  const assets = Object.fromEntries([...leaves].map(([leaf, source]) => [leaf, shownAs(source)]));
  return { condition: numbered, leaves, assets };
}

/** The leaves that an update meets: that of its asset, and those of the aliases it came through. */
export function leavesMetBy({ leaves }: Sources): (event: ScenarioEvent) => readonly LeafId[] {
  const byKey = new Map([...leaves].map(([leaf, source]) => [keyOf(source.kind, nameOf(source)), leaf]));
  return ({ asset, via, partition }) => {
    // Nothing of a partition starts a consumer that is not by partition.
    if (partition !== null) return [];
    const keys = [keyOf('asset', asset), ...via.map((alias) => keyOf('alias', alias))];
    return [...new Set(keys)].flatMap((key) => byKey.get(key) ?? []);
  };
}

export function nameOf(source: Source): string {
  return source.kind === 'asset' ? source.asset.name : source.name;
}

/** An asset and an alias may have the same name. */
function keyOf(kind: Source['kind'], name: string): string {
  return `${kind} ${name}`;
}

function shownAs(source: Source): LeafAssets[LeafId] {
  if (source.kind === 'asset') return source.asset;
  return parseScenarioAsset(`alias ${source.name}`);
}
