import { z } from 'zod';
import type { JsonObject } from '../core/json.ts';
import type { Log } from '../temporal/deps.ts';

/**
 * A JSON Schema as it was compiled at deploy, ready to check values.
 * @returns `null` where there is none, and where zod cannot read it back: tasks still validate, and refusing everything would be worse
 */
export function readJsonSchema(schema: JsonObject | null, what: string, log: Log): z.ZodType | null {
  if (schema === null) return null;
  try {
    return z.fromJSONSchema(schema);
  } catch (error) {
    log.warn('schema cannot be checked', { what, error: String(error) });
    return null;
  }
}
