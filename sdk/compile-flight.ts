import { z } from 'zod';
import { didYouMean } from '../core/did-you-mean.ts';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { DagPlan } from '../core/run-plan.ts';
import {
  flightKeyOf,
  flightNames,
  type FlightValues,
  parseSingleFlight,
  type SingleFlight,
} from '../core/single-flight.ts';
import { paramOf } from '../core/template.ts';
import type { DagDefinition } from './dag.ts';

/** What a DAG starts by itself, which is given no conf. */
type Starts = Pick<DagPlan, 'condition' | 'cron' | 'ticksWait' | 'partitions' | 'deadline'>;

/**
 * Of which runs only one goes on at a time; nothing where the DAG does not say.
 * @throws TidegateError `invalid_definition` when the key names what the DAG does not take, or what a run that it starts by itself never has
 */
export function compileFlight(
  { options: { singleFlight, params } }: DagDefinition,
  starts: Starts,
): Pick<DagPlan, 'singleFlight'> {
  const parsed = parseSingleFlight(singleFlight);
  if (parsed === undefined) return {};
  const needed = [...new Set(flightNames(parsed.key).flatMap((name) => paramOf(name) ?? []))];
  const shape = params?.shape ?? {};
  const unknown = needed.find((name) => !Object.hasOwn(shape, name));
  if (params !== undefined && unknown !== undefined)
    throw refused(
      parsed.key,
      `needs unknown parameter '${unknown}': ${didYouMean(unknown, Object.keys(shape))}`,
    );
  const rule: SingleFlight = { ...parsed, params: defaultsOf(shape, needed) };
  if (rule.policy === 'cancel_running' && starts.ticksWait === true)
    throw refused(
      rule.key,
      "with 'cancel_running' does not go together with assetAndTime: use 'queue' or 'skip'",
    );
  for (const [what, values] of startedBy(starts)) requireKey(rule, what, values);
  return { singleFlight: rule };
}

/** What parameters are that nobody gives. */
function defaultsOf(shape: z.ZodRawShape, names: readonly string[]): JsonObject {
  const defaults = names.flatMap((name): (readonly [string, Json])[] => {
    const schema = shape[name];
    const parsed = schema === undefined ? undefined : z.object({ value: schema }).safeParse({});
    const value: unknown = parsed?.data?.['value'];
    return value === undefined ? [] : [[name, JSON.parse(JSON.stringify(value))]];
  });
  return Object.fromEntries(defaults);
}

/** What a run has that a DAG starts by itself, by what it is called. */
function startedBy({
  condition,
  cron,
  ticksWait,
  partitions,
  deadline,
}: Starts): readonly (readonly [string, Values])[] {
  const none: Values = {
    logicalAt: null,
    dataIntervalStartAt: null,
    dataIntervalEndAt: null,
    partitionKey: null,
  };
  const timed: Values = { logicalAt: 0, dataIntervalStartAt: 0, dataIntervalEndAt: 0, partitionKey: null };
  const isByKey = partitions !== undefined && partitions !== 'any';
  const byEvents = condition !== null && ticksWait !== true;
  return [
    ...(byEvents ? [['by events', { ...none, partitionKey: isByKey ? 'key' : null }] as const] : []),
    ...(cron === null && deadline === undefined ? [] : [['by time', timed] as const]),
  ];
}

type Values = Omit<FlightValues, 'conf'>;

function requireKey(rule: SingleFlight, what: string, values: Values): void {
  try {
    flightKeyOf(rule, { ...values, conf: {} });
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw refused(
      rule.key,
      `has no value in the runs that its schedule starts ${what}: ${error.message}; leave that out of the key, or give the parameter a default`,
    );
  }
}

function refused(key: string, reason: string): TidegateError {
  return new TidegateError('invalid_definition', `singleFlight: key ${quote(key)} ${reason}`);
}
