import type { AliasPlan } from '../core/project-plan.ts';
import type { Alias } from '../sdk/alias.ts';
import type { AssetClash } from './project-assets.ts';

/** An alias as one file of the project means it. */
export interface AliasUse {
  readonly alias: Alias;
  readonly file: string;
}

/** The aliases of a project, and those that are declared in two groups. */
export interface ProjectAliases {
  readonly plans: readonly AliasPlan[];
  readonly clashes: readonly AssetClash[];
  /** Names of the aliases that clash. */
  readonly clashing: ReadonlySet<string>;
}

/** Merges what files say about aliases: one that says no group defers to one that does, two groups clash. */
export function mergeAliases(uses: readonly AliasUse[]): ProjectAliases {
  const byName = new Map<string, AliasUse>();
  const clashes: AssetClash[] = [];
  const clashing = new Set<string>();
  for (const use of uses) {
    const { name, group, place } = use.alias;
    const known = byName.get(name);
    if (known === undefined || known.alias.group === '') byName.set(name, use);
    else if (group !== '' && group !== known.alias.group) {
      clashing.add(name);
      const message = `alias '${name}' has two groups, '${known.alias.group}' at ${known.alias.place} and '${group}' at ${place}`;
      clashes.push({ files: [known.file, use.file], message });
    }
  }
  const plans = [...byName.values()]
    .filter(({ alias }) => !clashing.has(alias.name))
    .map(({ alias: { name, group } }) => ({ name, group }));
  return { plans: plans.toSorted((a, b) => (a.name < b.name ? -1 : 1)), clashes, clashing };
}
