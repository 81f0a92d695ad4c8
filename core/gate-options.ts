import { type Condition, leafNodesOf } from './condition.ts';
import { type Duration, parseDuration } from './duration.ts';
import type { OnMissing } from './deadline.ts';
import { TidegateError } from './errors.ts';
import type { Settle } from './gate.ts';
import { invalidOption } from './invalid-option.ts';
import { isRecord } from './json.ts';
import type { Partitions } from './judge.ts';
import { parsePartitioned } from './parse-partitioned.ts';
import { within } from './scenario-json.ts';
import { maxIn } from './whole-number.ts';

/** How long a run waits for more once its condition is met, as authors write it. */
export interface SettleInput {
  /** It starts when nothing came for so long. */
  readonly quiet: Duration;
  /** But not longer than this after the condition was met. @defaultValue as long as something comes */
  readonly max?: Duration;
}

/** @throws TidegateError `invalid_definition` unless it is a duration; absent means for ever */
export function parseLifetime(value: unknown, name: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' || typeof value === 'number') return within(name, () => parseDuration(value));
  throw invalidOption(name, value, "write a duration, such as '1h'");
}

/** @throws TidegateError `invalid_definition` unless it is `{quiet, max}` with durations, `max` not below `quiet` */
function parseSettle(value: unknown, name: string): Settle | undefined {
  if (value === undefined) return undefined;
  const other = isRecord(value)
    ? Object.keys(value).find((key) => key !== 'quiet' && key !== 'max')
    : 'quiet';
  if (!isRecord(value) || other !== undefined || value['quiet'] === undefined)
    throw invalidOption(name, value, "write {quiet: '10s'}, and max: '5m' where it should not wait longer");
  const quietMs = parseLifetime(value['quiet'], `${name}.quiet`) ?? 0;
  const maxMs = parseLifetime(value['max'], `${name}.max`) ?? null;
  if (maxMs !== null && maxMs < quietMs)
    throw invalidOption(`${name}.max`, value['max'], 'it is shorter than quiet: write a longer one, or none');
  return { quietMs, maxMs };
}

/** What an author says about when a gate opens, beside its condition. */
export interface GateOptions {
  readonly within?: unknown;
  readonly settle?: unknown;
  readonly partitioned?: unknown;
  readonly partitions?: unknown;
  readonly batch?: unknown;
  readonly deadline?: unknown;
  readonly startFrom?: unknown;
  /** Whether runs by time wait for the condition. */
  readonly ticksWait?: true | undefined;
}

/** How much of the queue a run takes: all of it, as little as its condition needs, or so many events. */
export type BatchInput = 'all' | 'each' | { readonly max: number };

/** The same as a definition has it. */
export interface ParsedGateTerms<Leaf> {
  readonly condition: Condition<Leaf> | null;
  readonly settle?: Settle;
  readonly takes?: number;
  readonly deadline?: OnMissing;
  readonly partitions?: Exclude<Partitions, 'none'>;
}

/**
 * A condition with what is said about all of it.
 * @param place - puts what holds the options in front of their names
 * @throws TidegateError `invalid_definition` naming the option that is not valid
 */
export function parseGateTerms<Leaf>(
  options: GateOptions,
  condition: Condition<Leaf> | null,
  place: (name: string) => string = (name) => name,
): ParsedGateTerms<Leaf> {
  const windowMs = parseLifetime(options.within, place('within'));
  const settle = parseSettle(options.settle, place('settle'));
  const whole = condition === null || windowMs === undefined ? condition : withinWindow(condition, windowMs);
  if (whole !== null) refuseLongMemory(whole);
  const partitions = parsePartitions(options, place);
  const byKey = partitions === undefined || partitions === 'any' ? undefined : partitions;
  const takes = parseBatch(options.batch, place('batch'));
  const deadline = parseDeadline(options.deadline, place('deadline'));
  if (condition === null && [settle, windowMs, partitions, takes, deadline].some((one) => one !== undefined))
    throw new TidegateError(
      'invalid_definition',
      'within, settle, batch, deadline and partitions are about events: give the schedule assets, or leave them out',
    );
  const expires =
    whole !== null && leafNodesOf(whole).some(({ expireAfterMs }) => expireAfterMs !== undefined);
  if (whole !== null && expires && byKey !== undefined) {
    refuseBursts(whole);
    if ([byKey.default, ...Object.values(byKey.assets)].some(({ type }) => type === 'rollup'))
      throw invalidOption(
        place('partitioned'),
        options.partitioned,
        'a roll-up does not go together with within and expireAfter',
      );
  }
  const { startFrom = 'now' } = options;
  if (startFrom !== 'now' && byKey !== undefined)
    throw invalidOption(
      place('startFrom'),
      startFrom,
      'where runs are by partition, a key begins with what comes: leave it out',
    );
  if (takes !== undefined && (expires || byKey !== undefined))
    throw invalidOption(
      place('batch'),
      options.batch,
      'it does not go together with within, expireAfter and partitioned: leave it out',
    );
  if (options.ticksWait === true && takes !== undefined)
    throw invalidOption(
      place('batch'),
      options.batch,
      'the run of a tick takes all that is queued: leave it out',
    );
  if (options.ticksWait === true && byKey !== undefined)
    throw invalidOption(
      place('partitioned'),
      options.partitioned,
      'a tick is of no partition: leave it out, or wait for assets alone',
    );
  const other = takes === undefined ? (options.ticksWait === true ? 'assetAndTime' : null) : 'batch';
  const apart = byKey === undefined ? other : 'partitioned';
  if (deadline !== undefined && apart !== null)
    throw invalidOption(
      place('deadline'),
      options.deadline,
      `it does not go together with ${apart}: leave one out`,
    );
  return {
    condition: whole,
    ...(settle === undefined ? {} : { settle }),
    ...(takes === undefined ? {} : { takes }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(partitions === undefined ? {} : { partitions }),
  };
}

/** Its times are for whoever knows calendars. */
function parseDeadline(value: unknown, name: string): OnMissing | undefined {
  if (value === undefined) return undefined;
  const { onMissing, cron: _, timezone: __, ...other } = isRecord(value) ? value : {};
  const known = (['run', 'skip', 'alert'] as const).find((one) => one === onMissing);
  if (known !== undefined && Object.keys(other).length === 0) return known;
  throw invalidOption(
    name,
    value,
    "write {cron: '0 9 * * *', timezone: 'UTC', onMissing: 'run'}, or 'skip', or 'alert'",
  );
}

const maxTakes = 10_000;

function parseBatch(value: unknown, name: string): number | undefined {
  if (value === undefined || value === 'all') return undefined;
  if (value === 'each') return 1;
  const max = maxIn(value, maxTakes);
  if (max !== undefined) return max;
  throw invalidOption(
    name,
    value,
    `write 'all', 'each', or {max: n} with a whole number from 1 to ${maxTakes}`,
  );
}

function parsePartitions(
  { partitioned = false, partitions = 'none' }: GateOptions,
  place: (name: string) => string,
): Exclude<Partitions, 'none'> | undefined {
  if (partitions !== 'none' && partitions !== 'any')
    throw invalidOption(place('partitions'), partitions, "write 'none' or 'any'");
  const parsed = parsePartitioned(place('partitioned'), partitioned);
  if (parsed !== null && partitions === 'any')
    throw invalidOption(place('partitions'), partitions, 'runs are by partition already: leave it out');
  return parsed ?? (partitions === 'any' ? 'any' : undefined);
}

/** Most times one leaf remembers. */
const maxRemembered = 1_000;

function refuseLongMemory<Leaf>(condition: Condition<Leaf>): void {
  const long = leafNodesOf(condition).find(
    ({ count = 1, expireAfterMs }) => count > maxRemembered && expireAfterMs !== undefined,
  );
  if (long !== undefined)
    throw invalidOption(
      'count',
      long.count,
      `where updates expire, at most ${maxRemembered} can be asked for`,
    );
}

function refuseBursts<Leaf>(condition: Condition<Leaf>): void {
  const burst = leafNodesOf(condition).find(
    ({ count = 1, expireAfterMs }) => count > 1 && expireAfterMs !== undefined,
  );
  if (burst !== undefined)
    throw invalidOption(
      'count',
      burst.count,
      'it does not go together with within, expireAfter and partitioned at once',
    );
}

/** The same condition where no update counts longer than so: its parts then are met together within that time, or not at all. */
function withinWindow<Leaf>(condition: Condition<Leaf>, windowMs: number): Condition<Leaf> {
  if (condition.kind !== 'asset')
    return { ...condition, of: condition.of.map((part) => withinWindow(part, windowMs)) };
  return { ...condition, expireAfterMs: Math.min(windowMs, condition.expireAfterMs ?? windowMs) };
}
