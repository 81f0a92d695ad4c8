import { unreachable } from './errors.ts';

/** What a consumer waits for: an asset's update, all of several, or any of several. `Leaf` names what an update meets. */
export type Condition<Leaf> =
  | { readonly kind: 'asset'; readonly asset: Leaf }
  | { readonly kind: 'all'; readonly of: readonly Condition<Leaf>[] }
  | { readonly kind: 'any'; readonly of: readonly Condition<Leaf>[] };

/** Most leaves a condition may have. */
export const maxLeaves = 2_000;
/** Deepest nesting of a condition, so that walking it never exhausts the stack. */
export const maxConditionDepth = 100;

/** Whether a condition holds, given which leaves are met. Empty `all` holds, empty `any` does not. */
export function isSatisfied<Leaf>(condition: Condition<Leaf>, isLeafMet: (leaf: Leaf) => boolean): boolean {
  switch (condition.kind) {
    case 'asset':
      return isLeafMet(condition.asset);
    case 'all':
      return condition.of.every((part) => isSatisfied(part, isLeafMet));
    case 'any':
      return condition.of.some((part) => isSatisfied(part, isLeafMet));
    default:
      return unreachable(condition);
  }
}

/** The leaves of a condition in the order they are written; one that is written twice comes twice. */
export function leavesOf<Leaf>(condition: Condition<Leaf>): readonly Leaf[] {
  return condition.kind === 'asset' ? [condition.asset] : condition.of.flatMap((part) => leavesOf(part));
}

/** The same tree over other leaves. */
export function mapLeaves<From, To>(condition: Condition<From>, rename: (leaf: From) => To): Condition<To> {
  return condition.kind === 'asset'
    ? { kind: 'asset', asset: rename(condition.asset) }
    : { kind: condition.kind, of: condition.of.map((part) => mapLeaves(part, rename)) };
}

/** How deep a condition is nested; a leaf alone is 1. */
export function depthOf<Leaf>(condition: Condition<Leaf>): number {
  return condition.kind === 'asset'
    ? 1
    : 1 + condition.of.reduce((deepest, part) => Math.max(deepest, depthOf(part)), 0);
}
