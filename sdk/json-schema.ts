import { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';

/**
 * JSON Schema of what may be given to a zod schema; `null` where there is none. Refinements have no JSON form and are left out.
 * @param what - names the schema in the error
 * @throws TidegateError `invalid_definition` when it cannot be written as JSON Schema
 */
export function toJsonSchema(schema: z.ZodObject | undefined, what: string): JsonObject | null {
  if (schema === undefined) return null;
  try {
    const written: JsonObject = JSON.parse(
      JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })),
    );
    return written;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TidegateError(
      'invalid_definition',
      `${what} is not a zod object schema that JSON Schema can say: ${reason}`,
      {
        cause: error,
      },
    );
  }
}
