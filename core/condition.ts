import { unreachable } from './errors.ts';
import type { LeafTerms } from './leaves.ts';

/**
 * What a consumer waits for: so many updates of an asset, all of several parts, any of them, or at least so many of them. `Leaf`
 * names what an update meets.
 */
export type Condition<Leaf> =
  | ConditionLeaf<Leaf>
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition<Leaf>[] }
  | { readonly kind: 'atLeast'; readonly count: number; readonly of: readonly Condition<Leaf>[] };

export interface ConditionLeaf<Leaf> extends LeafTerms {
  readonly kind: 'asset';
  readonly asset: Leaf;
  /** Updates it takes; absent means 1. */
  readonly count?: number;
}

/** A leaf, with what it asks for beside one update. */
export function leafOf<Leaf>(
  asset: Leaf,
  { count = 1, where, expireAfterMs }: { readonly count?: number } & Loose<LeafTerms> = {},
): ConditionLeaf<Leaf> {
  return {
    ...{ kind: 'asset', asset },
    ...(count === 1 ? {} : { count }),
    ...(where === undefined ? {} : { where }),
    ...(expireAfterMs === undefined ? {} : { expireAfterMs }),
  };
}

type Loose<Terms> = { readonly [Name in keyof Terms]: Terms[Name] | undefined };

/** Most leaves a condition may have. */
export const maxLeaves = 2_000;
/** Deepest nesting of a condition, so that walking it never exhausts the stack. */
export const maxConditionDepth = 100;
/** Most updates one leaf may ask for. */
export const maxLeafCount = 1_000_000;

/** Whether a condition holds, given how many updates each leaf has. Empty `all` holds, empty `any` does not. */
export function isSatisfied<Leaf>(condition: Condition<Leaf>, countOf: (leaf: Leaf) => number): boolean {
  if (condition.kind === 'asset') return countOf(condition.asset) >= neededCount(condition);
  const isMet = (part: Condition<Leaf>): boolean => isSatisfied(part, countOf);
  switch (condition.kind) {
    case 'all':
      return condition.of.every(isMet);
    case 'any':
      return condition.of.some(isMet);
    case 'atLeast':
      return condition.of.filter(isMet).length >= condition.count;
    default:
      return unreachable(condition);
  }
}

/** How many updates a leaf, or met parts a branch, takes to be met. */
export function neededCount<Leaf>(condition: Condition<Leaf>): number {
  switch (condition.kind) {
    case 'asset':
      return condition.count ?? 1;
    case 'all':
      return condition.of.length;
    case 'any':
      return 1;
    case 'atLeast':
      return condition.count;
    default:
      return unreachable(condition);
  }
}

/** The leaves of a condition in the order they are written; one that is written twice comes twice. */
export function leavesOf<Leaf>(condition: Condition<Leaf>): readonly Leaf[] {
  return leafNodesOf(condition).map(({ asset }) => asset);
}

/** The leaves with what each of them asks for. */
export function leafNodesOf<Leaf>(condition: Condition<Leaf>): readonly ConditionLeaf<Leaf>[] {
  return condition.kind === 'asset' ? [condition] : condition.of.flatMap((part) => leafNodesOf(part));
}

/** The same tree over other leaves; `rename` is also told what each of them asks for. */
export function mapLeaves<From, To>(
  condition: Condition<From>,
  rename: (leaf: From, node: ConditionLeaf<From>) => To,
): Condition<To> {
  return condition.kind === 'asset'
    ? { ...condition, asset: rename(condition.asset, condition) }
    : { ...condition, of: condition.of.map((part) => mapLeaves(part, rename)) };
}

/** How deep a condition is nested; a leaf alone is 1. */
export function depthOf<Leaf>(condition: Condition<Leaf>): number {
  return condition.kind === 'asset'
    ? 1
    : 1 + condition.of.reduce((deepest, part) => Math.max(deepest, depthOf(part)), 0);
}
