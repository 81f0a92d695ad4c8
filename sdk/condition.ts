import {
  type Condition,
  depthOf,
  leafOf,
  leavesOf,
  maxConditionDepth,
  maxLeafCount,
  maxLeaves,
} from '../core/condition.ts';
import type { Duration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { type EventFilterInput, parseEventFilter } from '../core/event-filter.ts';
import { parseLifetime } from '../core/gate-options.ts';
import { quote } from '../core/ids.ts';
import { type AnyLeaf, isLeaf, isSelector } from './source.ts';

/** What assets and conditions are joined by, as in `orders.and(rates).or(stock)`. */
export interface Chainable {
  /** Waits until both are met; what was joined by `and` before on the left side grows by one part. */
  and(other: ConditionInput): AssetCondition;
  /** Waits until one of both is met; what was joined by `or` before on the left side grows by one part. */
  or(other: ConditionInput): AssetCondition;
}

/** A condition over assets, as {@link all}, {@link any}, {@link atLeast} and {@link on} make it. */
export type AssetCondition = Condition<AnyLeaf> & Chainable;

/** What a consumer may wait for: an asset, a condition, or an array of them, which means all. */
export type ConditionInput = AnyLeaf | AssetCondition | Condition<AnyLeaf> | readonly ConditionInput[];

/**
 * Waits until every one of its parts is met. Without parts it never starts anything.
 * @example
 * ```ts
 * import { all, any, asset } from 'tidegate';
 *
 * const [orders, eur, usd] = [asset('s3://lake/orders'), asset('s3://lake/eur'), asset('s3://lake/usd')];
 * export const both = all(orders, any(eur, usd));
 * export const same = orders.and(eur.or(usd));
 * ```
 * @throws TidegateError `invalid_definition` when nested too deep
 */
export function all(...parts: readonly ConditionInput[]): AssetCondition {
  return combine('all', parts);
}

/**
 * Waits until at least one of its parts is met. Without parts it is never met.
 * @example
 * ```ts
 * import { any, asset } from 'tidegate';
 *
 * export const either = any(asset('s3://lake/eur'), asset('s3://lake/usd'));
 * ```
 * @throws TidegateError `invalid_definition` when nested too deep
 */
export function any(...parts: readonly ConditionInput[]): AssetCondition {
  return combine('any', parts);
}

/**
 * Waits until at least `count` of its parts are met.
 * @example
 * ```ts
 * import { asset, atLeast } from 'tidegate';
 *
 * const regions = ['eu', 'us', 'asia'].map((region) => asset(`s3://lake/sales/${region}`));
 * export const quorum = atLeast(2, ...regions);
 * ```
 * @param count - 1 to the number of parts
 * @throws TidegateError `invalid_definition` when `count` is out of range, or the condition nested too deep
 */
export function atLeast(count: number, ...parts: readonly ConditionInput[]): AssetCondition {
  // How many a selector adds is not known yet.
  const most = parts.some(isSelector) ? maxLeaves : parts.length;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw refused(
      `atLeast(${count}, …) of ${parts.length} parts can never be met or always is: give 1 to the number of parts`,
    );
  }
  return nodeOf({ kind: 'atLeast', count, of: parts.map((part) => partOf(part, 2)) });
}

/** What one leaf of a condition asks for. */
export interface LeafOptions {
  /** Updates it takes: 1 to 1,000,000. With `expireAfter` at most 1,000. @defaultValue 1 */
  readonly count?: number;
  /**
   * Which updates count: fields of an event (`extra.<path>`, `partition`, `source.dagId`, …), each with a value that it must equal, or with tests
   * that it must all meet. Others are as if they had not been. @defaultValue all
   */
  readonly where?: EventFilterInput;
  /** How long an update counts; it then leaves the queue as expired, unless a run has it. @defaultValue for ever */
  readonly expireAfter?: Duration;
}

/**
 * Waits for updates of one asset in a particular way.
 * @example
 * ```ts
 * import { asset, on } from 'tidegate';
 *
 * export const everyTenth = on(asset('s3://lake/clicks'), { count: 10 });
 * export const large = on(asset('s3://lake/orders'), { where: { 'extra.rows': { gte: 1_000 } }, expireAfter: '1h' });
 * ```
 * @throws TidegateError `invalid_definition` when an option is not valid
 */
export function on(asset: AnyLeaf, { count = 1, where, expireAfter }: LeafOptions = {}): AssetCondition {
  if (!isLeaf(asset))
    throw refused(`on() is given ${describe(asset)} instead of an asset: write on(asset('…'))`);
  if (!Number.isInteger(count) || count < 1 || count > maxLeafCount) {
    throw refused(`count ${quote(String(count))} is not valid: use a whole number from 1 to ${maxLeafCount}`);
  }
  const expireAfterMs = parseLifetime(expireAfter, 'expireAfter');
  return chainable(leafOf(asset, { count, where: where && parseEventFilter(where), expireAfterMs }));
}

/**
 * The condition an author wrote as a schedule.
 * @throws TidegateError `invalid_definition` when it holds anything else than assets, or is too large
 */
export function toCondition(input: ConditionInput): Condition<AnyLeaf> {
  const condition = partOf(input, 1);
  const leaves = leavesOf(condition).length;
  if (leaves > maxLeaves)
    throw refused(`a condition has ${leaves} assets, ${maxLeaves} are allowed: split the DAG`);
  return condition;
}

const chain = {
  and(this: AnyLeaf | Condition<AnyLeaf>, other: ConditionInput): AssetCondition {
    return join('all', this, other);
  },
  or(this: AnyLeaf | Condition<AnyLeaf>, other: ConditionInput): AssetCondition {
    return join('any', this, other);
  },
};

/** Gives a value the methods to join it with others, beside what is compared, stored and printed of it. */
export function chainable<Value extends object>(value: Value): Value & Chainable {
  return Object.assign(Object.create(chain), value);
}

function join(
  kind: 'all' | 'any',
  left: AnyLeaf | Condition<AnyLeaf>,
  right: ConditionInput,
): AssetCondition {
  const isGrowing = !isLeaf(left) && left.kind === kind;
  return combine(kind, [...(isGrowing ? left.of : [left]), right]);
}

function combine(kind: 'all' | 'any', parts: readonly ConditionInput[], depth = 1): AssetCondition {
  if (depth > maxConditionDepth) throw tooDeep();
  return nodeOf({ kind, of: parts.map((part) => partOf(part, depth + 1)) });
}

/** Parts were measured when they were made, so that no walk is ever deeper than the limit and one level. */
function nodeOf(condition: Condition<AnyLeaf>): AssetCondition {
  if (depthOf(condition) > maxConditionDepth) throw tooDeep();
  return chainable(condition);
}

function partOf(input: ConditionInput, depth: number): Condition<AnyLeaf> {
  if (isLeaf(input)) return { kind: 'asset', asset: input };
  if (isArray(input)) return combine('all', input, depth);
  if (isCondition(input)) return input;
  throw refused(
    `a condition holds ${describe(input)} instead of an asset: write asset('…'), all(…) or any(…); an undefined one often comes from files that import each other`,
  );
}

function isArray(input: ConditionInput): input is readonly ConditionInput[] {
  return Array.isArray(input);
}

/** Authors may write plain JavaScript, so the type alone is no proof. */
function isCondition(input: unknown): input is Condition<AnyLeaf> {
  if (typeof input !== 'object' || input === null || !('kind' in input)) return false;
  if (input.kind === 'asset') return 'asset' in input && isLeaf(input.asset);
  return ['all', 'any', 'atLeast'].includes(String(input.kind)) && 'of' in input && Array.isArray(input.of);
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `the text '${value}'` : value === null ? 'null' : typeof value;
}

function tooDeep(): TidegateError {
  return refused(`a condition is nested more than ${maxConditionDepth} levels deep: write it flatter`);
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
