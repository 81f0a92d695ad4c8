import { type Condition, depthOf, leavesOf, maxConditionDepth, maxLeaves } from '../core/condition.ts';
import { TidegateError } from '../core/errors.ts';
import { type AnyAsset, isAsset } from './asset.ts';

/** A condition over assets, as `all` and `any` make it. */
export type AssetCondition = Condition<AnyAsset>;

/** What a consumer may wait for: an asset, a condition, or an array of them, which means all. */
export type ConditionInput = AnyAsset | AssetCondition | readonly ConditionInput[];

/**
 * Waits until every one of its parts is met.
 * @example
 * ```ts
 * import { all, any, asset } from 'tidegate';
 *
 * const [orders, eur, usd] = [asset('s3://lake/orders'), asset('s3://lake/eur'), asset('s3://lake/usd')];
 * export const both = all(orders, any(eur, usd));
 * ```
 * @throws TidegateError `invalid_definition` without parts, or when nested too deep
 */
export function all(...parts: readonly ConditionInput[]): AssetCondition {
  return combine('all', parts);
}

/**
 * Waits until at least one of its parts is met.
 * @example
 * ```ts
 * import { any, asset } from 'tidegate';
 *
 * export const either = any(asset('s3://lake/eur'), asset('s3://lake/usd'));
 * ```
 * @throws TidegateError `invalid_definition` without parts, or when nested too deep
 */
export function any(...parts: readonly ConditionInput[]): AssetCondition {
  return combine('any', parts);
}

/**
 * The condition an author wrote as a schedule.
 * @throws TidegateError `invalid_definition` when it holds anything else than assets, or is too large
 */
export function toCondition(input: ConditionInput): AssetCondition {
  const condition = partOf(input, 1);
  const leaves = leavesOf(condition).length;
  if (leaves > maxLeaves)
    throw refused(`a condition has ${leaves} assets, ${maxLeaves} are allowed: split the DAG`);
  return condition;
}

function combine(kind: 'all' | 'any', parts: readonly ConditionInput[], depth = 1): AssetCondition {
  if (parts.length === 0) throw refused(`${kind}() has no assets: name at least one`);
  const condition: AssetCondition = { kind, of: parts.map((part) => partOf(part, depth + 1)) };
  // Parts were measured when they were made, so that no walk is ever deeper than this limit and one level.
  if (depth > maxConditionDepth || depthOf(condition) > maxConditionDepth) {
    throw refused(`a condition is nested more than ${maxConditionDepth} levels deep: write it flatter`);
  }
  return condition;
}

function partOf(input: ConditionInput, depth: number): AssetCondition {
  if (isAsset(input)) return { kind: 'asset', asset: input };
  if (isArray(input)) {
    if (depth > maxConditionDepth)
      throw refused(`arrays are nested more than ${maxConditionDepth} levels deep: write it flatter`);
    return combine('all', input, depth);
  }
  if (isCondition(input)) return input;
  throw refused(
    `a condition holds ${describe(input)} instead of an asset: write asset('…'), all(…) or any(…); an undefined one often comes from files that import each other`,
  );
}

function isArray(input: ConditionInput): input is readonly ConditionInput[] {
  return Array.isArray(input);
}

/** Authors may write plain JavaScript, so the type alone is no proof. */
function isCondition(input: unknown): input is AssetCondition {
  if (typeof input !== 'object' || input === null || !('kind' in input)) return false;
  if (input.kind === 'asset') return 'asset' in input && isAsset(input.asset);
  return (input.kind === 'all' || input.kind === 'any') && 'of' in input && Array.isArray(input.of);
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `the text '${value}'` : value === null ? 'null' : typeof value;
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
