import type { Delivery } from './batch.ts';
import { type Condition, leafNodesOf } from './condition.ts';
import { accepts, type EventFacts } from './event-filter.ts';
import type { LeafAssets } from './explanation.ts';
import { baseOf, type LeafId, type LeafTerms, ofKey } from './leaves.ts';
import { targetKeys } from './partition-keys.ts';
import type { PartitionMapper } from './partition-mapper.ts';
import { windowOf } from './partition-window.ts';
import { mapperFor, type Partitioned } from './partitioned.ts';

/** What events of partitions mean to a consumer: nothing, the same as others, or runs by partition. */
export type Partitions = 'none' | 'any' | Partitioned;

/** What a definition says about which events count. */
export interface JudgeTerms {
  readonly condition: Condition<LeafId> | null;
  readonly assets: LeafAssets;
  /** @defaultValue `'none'` */
  readonly partitions?: Partitions;
}

/** What one event of a subscription is to a consumer, of one partition key. */
export interface Accepted {
  /** `null` where runs are not by partition. */
  readonly key: string | null;
  /** Leaves that it meets: first that of the subscription, then those with terms of their own. */
  readonly leaves: readonly LeafId[];
  /** Of a roll-up: which key of the window came, `null` for one that is none of them, and how many of them are waited for. */
  readonly window?: { readonly part: string | null; readonly needs: number };
}

export type Judgement =
  | { readonly kind: 'accepted'; readonly keys: readonly Accepted[] }
  /** It is not for this consumer. */
  | { readonly kind: 'passed' }
  /** Its key is none that the consumer takes. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Judges an event of a subscription. One event counts once per subscription and key. Runs outside workflows: it looks into events. */
export type Judge = (base: LeafId, facts: EventFacts) => Judgement;

/** Whether it takes more than the position of an event, and that it is of no partition, to know what it is to a consumer. */
export function looksInside({ condition, partitions = 'none' }: JudgeTerms): boolean {
  return (
    partitions !== 'none' ||
    (condition !== null && leafNodesOf(condition).some(({ asset }) => asset !== baseOf(asset)))
  );
}

const passed: Judgement = { kind: 'passed' };

export function judgeOf({ condition, assets, partitions = 'none' }: JudgeTerms): Judge {
  const terms = new Map<LeafId, Map<LeafId, LeafTerms>>();
  for (const { asset: leaf, ...own } of condition === null ? [] : leafNodesOf(condition)) {
    const base = baseOf(leaf);
    terms.set(base, (terms.get(base) ?? new Map<LeafId, LeafTerms>()).set(leaf, own));
  }
  const byKey = judgeByKey();
  return (base, facts) => {
    const { partitionKey } = facts;
    if (partitions === 'none' && partitionKey !== null) return passed;
    const met = [...(terms.get(base) ?? [])].filter(
      ([, { where }]) => where === undefined || accepts(where, facts),
    );
    if (met.length === 0) return passed;
    const leaves = [base, ...met.map(([leaf]) => leaf).filter((leaf) => leaf !== base)];
    if (partitions === 'none' || partitions === 'any')
      return { kind: 'accepted', keys: [{ key: null, leaves }] };
    if (partitionKey === null) return passed;
    return byKey(mapperFor(partitions, assets[base]?.name ?? ''), partitionKey, leaves);
  };
}

/** What an event of a key is under the keys that a mapper makes of it. */
type ByKey = (mapper: PartitionMapper, partitionKey: string, leaves: readonly LeafId[]) => Judgement;

/** Keys and windows that are remembered: events of one often follow each other, and times take long to write out. */
const maxRemembered = 1_000;

function judgeByKey(): ByKey {
  const targetsOf = remembered(targetKeys);
  const windowFor = remembered(windowOf);
  return (mapper, partitionKey, leaves) => {
    const mapped = targetsOf(mapper, partitionKey);
    if (mapped.kind === 'refused') return mapped;
    const keys = mapped.keys.map((key) => ({ key, leaves: leaves.map((leaf) => ofKey(leaf, key)) }));
    const [first] = keys;
    if (mapper.type !== 'rollup' || first === undefined) return { kind: 'accepted', keys };
    const window = windowFor(mapper, first.key);
    if (window.kind === 'refused') return window;
    const part = window.keys.includes(partitionKey) ? partitionKey : null;
    return { kind: 'accepted', keys: [{ ...first, window: { part, needs: window.needed } }] };
  };
}

/** The same function, which knows its last answers. */
function remembered<Mapper extends object, Answer>(
  answer: (mapper: Mapper, key: string) => Answer,
): (mapper: Mapper, key: string) => Answer {
  const answers = new Map<Mapper, Map<string, Answer>>();
  return (mapper, key) => {
    const known = answers.get(mapper) ?? new Map<string, Answer>();
    answers.set(mapper, known);
    const found = known.get(key) ?? answer(mapper, key);
    if (known.size >= maxRemembered) known.clear();
    known.set(key, found);
    return found;
  };
}

/** What is delivered of an accepted event, leaf by leaf. */
export function metLeaves({ leaves, window }: Accepted): readonly Pick<Delivery, 'leaf' | 'window'>[] {
  if (window === undefined) return leaves.map((leaf) => ({ leaf }));
  const { part, needs } = window;
  return leaves.map((leaf) => ({ leaf, window: { needs, parts: part === null ? [] : [part] } }));
}
