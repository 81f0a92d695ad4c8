import type { EventFilter } from './event-filter.ts';
import { canonicalJson } from './json.ts';
import { hashOf } from './text-hash.ts';

declare const leafBrand: unique symbol;
/**
 * What updates of one subscription are counted under: `<subscription>` for all that the consumer takes of it, `<subscription>#<terms>`
 * for those that meet a leaf with terms of its own; behind `@` the partition key where runs are by partition. Short, and the same while
 * asset and terms stay.
 */
export type LeafId = string & { readonly [leafBrand]: true };

/** What a leaf asks of an update beside being one. */
export interface LeafTerms {
  readonly where?: EventFilter;
  /** How long an update counts. */
  readonly expireAfterMs?: number;
}

export function leafOfSubscription(subscriptionId: number): LeafId {
  return String(subscriptionId) as LeafId;
}

export function subscriptionOf(leaf: LeafId): number {
  return Number.parseInt(leaf, 10);
}

/** The leaf of a subscription that counts what meets these terms; without any it is the subscription's own. */
export function leafWith(base: LeafId, { where, expireAfterMs }: LeafTerms): LeafId {
  const terms = { ...(where === undefined ? {} : { where }), ...(expireAfterMs ? { expireAfterMs } : {}) };
  return (Object.keys(terms).length === 0 ? base : `${base}#${hashOf(canonicalJson(terms))}`) as LeafId;
}

export function ofKey(leaf: LeafId, key: string | null): LeafId {
  return (key === null ? leaf : `${leaf}@${key}`) as LeafId;
}

/** The partition key a leaf counts for, `null` where runs are not by partition. */
export function keyOf(leaf: LeafId): string | null {
  const at = leaf.indexOf('@');
  return at < 0 ? null : leaf.slice(at + 1);
}

/** The leaf as a condition names it. */
export function withoutKey(leaf: LeafId): LeafId {
  const at = leaf.indexOf('@');
  return (at < 0 ? leaf : leaf.slice(0, at)) as LeafId;
}

/** The leaf that counts all that is taken of the same subscription, of the same key. */
export function baseOf(leaf: LeafId): LeafId {
  const named = withoutKey(leaf);
  const hash = named.indexOf('#');
  return (hash < 0 ? leaf : named.slice(0, hash) + leaf.slice(named.length)) as LeafId;
}

/** Whether it counts all that is taken of its subscription. What is consumed is told by these. */
export function isBase(leaf: LeafId): boolean {
  return baseOf(leaf) === leaf;
}
