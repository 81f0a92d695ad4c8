import type { DagId } from './ids.ts';
import { isRecord, type JsonObject } from './json.ts';
import type { PoolUse } from './pool.ts';
import { parseTemplate, render, type TemplateValues } from './template.ts';
import { hashOf } from './text-hash.ts';

/** Longest key that is kept as it is; of a longer one the rest is a hash. */
const longestKey = 200;

/**
 * Among whom a pool is fair when this asks.
 * @throws TidegateError `invalid_input` naming what the run has no value for
 */
export function keyOf({ key }: PoolUse, dagId: DagId, values: TemplateValues): string {
  if (key === undefined) return dagId;
  const template = parseTemplate(key);
  const rendered = template === undefined ? key : render(template, values);
  // Postgres stores no NUL.
  const text = rendered.replaceAll('\0', ' ');
  return text.length <= longestKey ? text : `${text.slice(0, longestKey)}~${hashOf(text)}`;
}

/** The conf of a run with what the JSON Schema of its DAG says of parameters that were not given. */
export function withDefaults(conf: JsonObject, schema: JsonObject | null): JsonObject {
  const properties = isRecord(schema?.['properties']) ? schema['properties'] : {};
  const defaults = Object.entries(properties).flatMap(([name, property]) =>
    isRecord(property) && 'default' in property ? [[name, property['default']] as const] : [],
  );
  return { ...(Object.fromEntries(defaults) as JsonObject), ...conf };
}
