import { didYouMean } from './did-you-mean.ts';
import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { isRecord, type Json, shown } from './json.ts';

/** A text with places for what is only known when a run is there, as in `s3://lake/events/{{ ds }}`. */
export interface Template {
  /** As it is written, with one space around each name. */
  readonly text: string;
  /** Texts, and names in between. */
  readonly parts: readonly (string | { readonly name: string })[];
}

/** What a template is rendered with. Instants are epoch milliseconds. */
export interface TemplateValues {
  /** Nominal time of the run; `null` for runs that have none. */
  readonly logicalAt: number | null;
  readonly dataIntervalStartAt: number | null;
  readonly dataIntervalEndAt: number | null;
  /** Of the event, or else of the run. */
  readonly partitionKey: string | null;
  readonly params: Readonly<Record<string, unknown>>;
}

/** The names a template may have, beside `params.<name>`. */
const templateNames = [
  'ds',
  'ds_nodash',
  'ts',
  'ts_nodash',
  'data_interval_start',
  'data_interval_end',
  'partition_key',
] as const;
type TemplateName = (typeof templateNames)[number];

const paramName = /^params(?:\.[\w-]+)+$/;

/**
 * The template that a text is; nothing where it has no `{{`.
 * @throws TidegateError `invalid_definition` when its braces do not match, or there is no name between them
 */
export function parseTemplate(text: string): Template | undefined {
  if (!text.includes('{{')) return undefined;
  const parts: (string | { readonly name: string })[] = [];
  let rest = text;
  for (let open = rest.indexOf('{{'); open >= 0; open = rest.indexOf('{{')) {
    const close = rest.indexOf('}}', open);
    const name = rest.slice(open + 2, close).trim();
    if (close < 0 || name === '' || name.includes('{{')) {
      throw new TidegateError(
        'invalid_definition',
        `template ${quote(text)} is not valid: write a name between {{ and }}, as in 's3://lake/events/{{ ds }}'`,
      );
    }
    parts.push(rest.slice(0, open), { name });
    rest = rest.slice(close + 2);
  }
  parts.push(rest);
  const written = parts.map((part) => (typeof part === 'string' ? part : `{{ ${part.name} }}`));
  return { text: written.join(''), parts: parts.filter((part) => part !== '') };
}

/** The names in a template, each once. */
export function namesOf({ parts }: Template): readonly string[] {
  return [...new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name])))];
}

/** Whether there can be a value of that name. */
function isTemplateName(name: string): boolean {
  return isPlainName(name) || paramName.test(name);
}

/**
 * @param what - what the template is, and its text as its author wrote it
 * @throws TidegateError `invalid_definition` with the nearest name where it has one that there is no value for
 */
export function requireKnownNames(template: Template, what: string, text: string): void {
  const unknown = namesOf(template).find((name) => !isTemplateName(name));
  if (unknown === undefined) return;
  throw new TidegateError(
    'invalid_definition',
    `${what} ${quote(text)} has unknown name '${unknown}': ${didYouMean(unknown, [...templateNames, 'params.…'])}`,
  );
}

/** The parameter that a name is about, where it is about one: `params.region.code` is about `region`. */
export function paramOf(name: string): string | undefined {
  return paramName.test(name) ? name.split('.')[1] : undefined;
}

/** @throws TidegateError `invalid_input` naming what the run has no value for, and why */
export function render({ text, parts }: Template, values: TemplateValues): string {
  return parts.map((part) => (typeof part === 'string' ? part : valueOf(part.name, text, values))).join('');
}

function valueOf(name: string, text: string, values: TemplateValues): string {
  if (isPlainName(name)) {
    const value = plainValue(name, values);
    if (value !== null) return value;
    throw missing(name, text, whyMissing[name]);
  }
  const value = paramValue(name, values.params);
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const reason =
    value === undefined
      ? 'the run was given no such parameter'
      : `it is ${shown(value)}, not text or a number`;
  throw missing(name, text, reason);
}

function plainValue(name: TemplateName, values: TemplateValues): string | null {
  const { logicalAt, dataIntervalStartAt, dataIntervalEndAt, partitionKey } = values;
  switch (name) {
    case 'ds':
      return mapped(logicalAt, (at) => instant(at).slice(0, 10));
    case 'ds_nodash':
      return mapped(logicalAt, (at) => instant(at).slice(0, 10).replaceAll('-', ''));
    case 'ts':
      return mapped(logicalAt, instant);
    case 'ts_nodash':
      return mapped(logicalAt, (at) => instant(at).slice(0, 19).replaceAll(/[-:]/g, ''));
    case 'data_interval_start':
      return mapped(dataIntervalStartAt, instant);
    case 'data_interval_end':
      return mapped(dataIntervalEndAt, instant);
    default:
      return partitionKey === '' ? null : partitionKey;
  }
}

const noLogicalTime = 'the run has no logical date: only runs by time, and by hand with one, do';
const noInterval = 'the run has no data interval: only runs by time, and by hand with one, do';
const whyMissing: Readonly<Record<TemplateName, string>> = {
  ds: noLogicalTime,
  ds_nodash: noLogicalTime,
  ts: noLogicalTime,
  ts_nodash: noLogicalTime,
  data_interval_start: noInterval,
  data_interval_end: noInterval,
  partition_key: "neither the run nor the event has a partition: emit it with { partition: '…' }",
};

function missing(name: string, text: string, reason: string): TidegateError {
  return new TidegateError('invalid_input', `${quote(text)} has no value for {{ ${name} }}: ${reason}`);
}

function isPlainName(name: string): name is TemplateName {
  return templateNames.some((known) => known === name);
}

function paramValue(name: string, params: TemplateValues['params']): Json | undefined {
  let value: unknown = params;
  for (const key of name.split('.').slice(1)) {
    value = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  return value as Json | undefined;
}

/** ISO 8601 in UTC without milliseconds where there are none, as Airflow writes it. */
function instant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z').replace('Z', '+00:00');
}

function mapped(at: number | null, write: (at: number) => string): string | null {
  return at === null ? null : write(at);
}
