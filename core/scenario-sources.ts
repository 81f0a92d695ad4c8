import { type LeafId, leafOfSubscription } from './leaves.ts';
import { type Condition, mapLeaves } from './condition.ts';
import type { LeafAssets } from './explanation.ts';
import type { ScenarioEvent } from './scenario.ts';
import type { Source } from './source.ts';

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
    const key = keyOf(source);
    const leaf = numbers.get(key) ?? leafOfSubscription(numbers.size + 1);
    numbers.set(key, leaf);
    leaves.set(leaf, leaves.get(leaf) ?? source);
    return leaf;
  };
  const numbered = condition === null ? null : mapLeaves(condition, number);
  return { condition: numbered, leaves, assets: Object.fromEntries(leaves) };
}

/** The leaves that an update meets: that of its asset, and those of the aliases it came through. */
export function leavesMetBy({ leaves }: Sources): (event: ScenarioEvent) => readonly LeafId[] {
  const byKey = new Map([...leaves].map(([leaf, source]) => [keyOf(source), leaf]));
  return ({ asset, via, partition }) => {
    // Nothing of a partition starts a consumer that is not by partition.
    if (partition !== null) return [];
    const sources = [{ name: asset }, ...via.map((name) => ({ kind: 'alias' as const, name }))];
    return [...new Set(sources.map(keyOf))].flatMap((key) => byKey.get(key) ?? []);
  };
}

/** In a scenario an asset goes by its name; an alias may have the same. */
function keyOf({ kind = 'asset', name }: Pick<Source, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
