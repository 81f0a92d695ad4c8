import { type Duration, parseDuration } from './duration.ts';
import { TidegateError } from './errors.ts';
import { didYouMean } from './did-you-mean.ts';
import { quote } from './ids.ts';
import { invalidOption } from './invalid-option.ts';
import { isRecord } from './json.ts';
import { mostSlots, type PoolPlan, type PoolUse, type RatePlan, slotsOf } from './pool.ts';
import { namesOf, paramOf, parseTemplate, requireKnownNames } from './template.ts';
import { isCount } from './whole-number.ts';

/** What a project says of a pool; each part is optional, and one is needed. */
export interface PoolInput {
  /** Most slots that are held at a time, 1 to 10,000. */
  readonly slots?: number;
  /** Most slots that are held at a time for one key, 1 to 10,000. */
  readonly slotsPerKey?: number;
  /** Most starts, 1 to 1,000, in any window of so long, a second to a day. */
  readonly rate?: { readonly starts: number; readonly per: Duration };
}

/** What a task or DAG says: the name of a pool alone takes one slot of it. */
export type PoolUseInput =
  | string
  | {
      readonly name: string;
      /** Slots it takes. @defaultValue 1 */
      readonly slots?: number;
      /** Among whom the pool is fair, such as `'{{ params.customer }}'`. @defaultValue the id of the DAG */
      readonly key?: string;
    };

const word = /^[A-Za-z0-9_.-]{1,100}$/;
const maxSlots = 10_000;
/** Each start within the window is kept with the pool. */
const maxStarts = 1_000;
const window = { leastMs: 1_000, mostMs: 86_400_000 } as const;
const maxKeyLength = 250;

/** @throws TidegateError `invalid_definition` naming the pool and what of it is not valid */
export function parsePools(pools: unknown): readonly PoolPlan[] {
  if (!isRecord(pools)) throw invalidOption('pools', pools, 'write pools: { warehouse: { slots: 4 } }');
  return Object.entries(pools)
    .map(([name, value]) => parsePool(name, value))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function parsePool(name: string, value: unknown): PoolPlan {
  if (!word.test(name))
    throw new TidegateError(
      'invalid_definition',
      `pool ${quote(name)} is not valid: name it by 1 to 100 ASCII letters, digits, '_', '-' or '.'`,
    );
  const { slots, slotsPerKey, rate, ...rest } = isRecord(value) ? value : { unknown: value };
  const isEmpty = slots === undefined && slotsPerKey === undefined && rate === undefined;
  if (isEmpty || Object.keys(rest).length > 0)
    throw invalidOption(
      `pool ${name}`,
      value,
      "say one or more of slots: 4, slotsPerKey: 1 and rate: { starts: 10, per: '1 minute' }",
    );
  const counts = { slots, slotsPerKey };
  for (const [option, count] of Object.entries(counts)) {
    if (count !== undefined && !isCount(count, maxSlots))
      throw invalidOption(`${option} of pool ${name}`, count, `use a whole number from 1 to ${maxSlots}`);
  }
  return {
    name,
    ...(isCount(slots, maxSlots) ? { slots } : {}),
    ...(isCount(slotsPerKey, maxSlots) ? { slotsPerKey } : {}),
    ...(rate === undefined ? {} : { rate: parseRate(name, rate) }),
  };
}

function parseRate(name: string, value: unknown): RatePlan {
  const { starts, per, ...rest } = isRecord(value) ? value : { unknown: value };
  const isDuration = typeof per === 'string' || typeof per === 'number';
  const perMs = isDuration ? parseDuration(per) : 0;
  const isWindow = perMs >= window.leastMs && perMs <= window.mostMs;
  if (!isCount(starts, maxStarts) || !isWindow || Object.keys(rest).length > 0)
    throw invalidOption(
      `rate of pool ${name}`,
      value,
      `use { starts: 10, per: '1 minute' } with 1 to ${maxStarts} starts per second to day`,
    );
  return { starts, perMs };
}

/**
 * What a task or DAG takes of a pool; nothing where it says nothing.
 * @throws TidegateError `invalid_definition` naming what is not valid
 */
export function parsePoolUse(value: unknown): PoolUse | undefined {
  if (value === undefined) return undefined;
  const { name, slots, key, ...rest } = isRecord(value) ? value : { name: value };
  const isKey =
    key === undefined || (typeof key === 'string' && key.trim() !== '' && key.length <= maxKeyLength);
  const isSlots = slots === undefined || isCount(slots, maxSlots);
  if (typeof name !== 'string' || !isKey || !isSlots || Object.keys(rest).length > 0)
    throw invalidOption(
      'pool',
      value,
      `use the name of a pool, or { name: 'warehouse', slots: 2, key: '{{ params.customer }}' } with a key of 1 to ${maxKeyLength} characters`,
    );
  const template = key === undefined ? undefined : parseTemplate(key);
  if (key !== undefined && template !== undefined) requireKnownNames(template, 'pool key', key);
  return { name, ...(slots === undefined ? {} : { slots }), ...(key === undefined ? {} : { key }) };
}

/** Parameters that the key of a use is made of. */
export function paramsOfKey({ key = '' }: PoolUse): readonly string[] {
  const template = parseTemplate(key);
  return template === undefined ? [] : namesOf(template).flatMap((name) => paramOf(name) ?? []);
}

/** @throws TidegateError `invalid_definition` when there is no such pool, or it never has as many slots */
export function requirePool(pools: readonly PoolPlan[], use: PoolUse | undefined): void {
  if (use === undefined) return;
  const pool = pools.find(({ name }) => name === use.name);
  if (pool === undefined)
    throw new TidegateError(
      'invalid_definition',
      `pool '${use.name}' is not declared in tidegate.config.ts: ${didYouMean(
        use.name,
        pools.map(({ name }) => name),
      )}`,
    );
  if (slotsOf(use) <= mostSlots(pool)) return;
  const limit = pool.slots === mostSlots(pool) ? 'has' : 'gives one key';
  throw new TidegateError(
    'invalid_definition',
    `it takes ${slotsOf(use)} slots of pool '${pool.name}', which ${limit} ${mostSlots(pool)}: take fewer, or raise the pool in tidegate.config.ts`,
  );
}
