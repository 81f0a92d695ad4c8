import type { Delivery } from './batch.ts';
import { judgeOf, metLeaves, type Partitions } from './judge.ts';
import { type LeafId, leafOfSubscription, type LeafTerms, leafWith } from './leaves.ts';
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
  const number = (source: Source, terms: LeafTerms): LeafId => {
    const key = keyOf(source);
    const leaf = numbers.get(key) ?? leafOfSubscription(numbers.size + 1);
    numbers.set(key, leaf);
    leaves.set(leaf, leaves.get(leaf) ?? source);
    return leafWith(leaf, terms);
  };
  const numbered = condition === null ? null : mapLeaves(condition, number);
  return { condition: numbered, leaves, assets: Object.fromEntries(leaves) };
}

/** What an update is to a consumer, at one of its leaves. */
export type MetLeaf = Pick<Delivery, 'leaf' | 'window'>;

/** Judges updates as a dispatcher does: by the leaf of their asset, and by those of the aliases they came through. */
export function leavesMetBy(
  { leaves, condition, assets }: Sources,
  partitions: Partitions | undefined,
): (event: ScenarioEvent) => { readonly met: readonly MetLeaf[]; readonly refusal: string | null } {
  const byKey = new Map([...leaves].map(([leaf, source]) => [keyOf(source), leaf]));
  const judge = judgeOf({ condition, assets, ...(partitions && { partitions }) });
  return ({ asset, via, templates = [], partition, extra, source = { kind: 'api' } }) => {
    const facts = { extra, partitionKey: partition, source };
    const passages = [
      ...via.map((name) => ({ kind: 'alias' as const, name })),
      ...templates.map((name) => ({ kind: 'template' as const, name })),
    ];
    const sources = [{ name: asset }, ...passages];
    const judgements = [...new Set(sources.map(keyOf))].flatMap((key) => {
      const base = byKey.get(key);
      return base === undefined ? [] : [judge(base, facts)];
    });
    const refusal = judgements.find((one) => one.kind === 'refused');
    return {
      met: judgements.flatMap((one) => (one.kind === 'accepted' ? one.keys.flatMap(metLeaves) : [])),
      refusal: refusal?.kind === 'refused' ? refusal.reason : null,
    };
  };
}

/** In a scenario an asset goes by its name; an alias may have the same. */
function keyOf({ kind = 'asset', name }: Pick<Source, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}
