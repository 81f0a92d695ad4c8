import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { invalidOption } from './invalid-option.ts';
import { isRecord, type JsonObject } from './json.ts';
import {
  namesOf,
  parseTemplate,
  render,
  requireKnownNames,
  type Template,
  type TemplateValues,
} from './template.ts';

/** What becomes of a run that is asked for while another one of its key goes on: none, it waits, or the other one makes way. */
export type FlightPolicy = 'skip' | 'queue' | 'cancel_running';

const policies: readonly FlightPolicy[] = ['skip', 'queue', 'cancel_running'];

/** Of which runs only one goes on at a time. JSON-safe. */
export interface SingleFlight {
  readonly policy: FlightPolicy;
  /** Template of the key; empty is one key for the whole DAG. */
  readonly key: string;
  /** What those parameters are that the key names, of runs that are given none. */
  readonly params: JsonObject;
}

/** The same as an author writes it. */
export interface SingleFlightInput {
  /** A template over params, partition key and logical time, such as `'{{ params.customer }}'`. @defaultValue one key for the whole DAG */
  readonly key?: string;
  readonly policy: FlightPolicy;
}

/** What a run is given that its key may be made of. */
export type FlightValues = Omit<TemplateValues, 'params'> & { readonly conf: JsonObject };

/** Longest key of a run, in characters. */
export const maxFlightKeyLength = 250;

/** @throws TidegateError `invalid_definition` unless it is a policy with a template that has a value in some run, or without; absent is none */
export function parseSingleFlight(value: unknown): Omit<SingleFlight, 'params'> | undefined {
  if (value === undefined) return undefined;
  const { key, policy, ...rest } = isRecord(value) ? value : {};
  const known = policies.find((one) => one === policy);
  const isKey = key === undefined || (typeof key === 'string' && key.includes('{{'));
  if (known === undefined || !isKey || Object.keys(rest).length > 0) {
    throw invalidOption(
      'singleFlight',
      value,
      "write { policy: 'skip' }, or 'queue' or 'cancel_running', and where each customer has a run of its own key: '{{ params.customer }}'",
    );
  }
  const template = templateOf(key);
  requireKnownNames(template, 'singleFlight: key', template.text);
  return { policy: known, key: template.text };
}

/** The names in the key of a rule, each once. */
export function flightNames(key: string): readonly string[] {
  return namesOf(templateOf(key));
}

/** Whether runs of different partitions have different keys. */
export function isByPartition({ key }: SingleFlight): boolean {
  return flightNames(key).includes('partition_key');
}

/**
 * The key of a run: at most one of a key goes on at a time.
 * @throws TidegateError `invalid_input` naming what the run has no value for, or that the key is longer than 250 characters
 */
export function flightKeyOf({ key, params }: SingleFlight, { conf, ...values }: FlightValues): string {
  const rendered = render(templateOf(key), { ...values, params: { ...params, ...conf } });
  if (rendered.length <= maxFlightKeyLength) return rendered;
  throw new TidegateError(
    'invalid_input',
    `the singleFlight key ${quote(key)} of this run has ${rendered.length} characters, ${maxFlightKeyLength} are allowed: give it shorter values`,
  );
}

/** The key of a run that events open, which is given nothing but its partition. */
export function flightKeyOfEvents(rule: SingleFlight, partitionKey: string | null): string {
  const none = { logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
  return flightKeyOf(rule, { ...none, partitionKey, conf: {} });
}

/** What a run waits for, or was refused for, in words. */
export function flightText(key: string): string {
  return key === '' ? 'single flight' : `single flight of key ${quote(key)}`;
}

function templateOf(key = ''): Template {
  return parseTemplate(key) ?? { text: '', parts: [] };
}
