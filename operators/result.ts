import type { z } from 'zod';
import type { Json } from '../core/json.ts';
import { NonRetryable } from '../sdk/index.ts';

/** What a result is, as its schema says where there is one. */
export type ResultOf<Schema extends z.ZodType | undefined, Otherwise> = Schema extends z.ZodType
  ? z.output<Schema>
  : Otherwise;

/**
 * A result as its schema makes it; without one, what the operator took out of it by its options.
 * @throws NonRetryable naming what does not meet it
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- operators say what their options lead to
export function checkedResult<Result>(schema: z.ZodType | undefined, value: unknown, what: string): Result {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by the operator as its options say
  if (schema === undefined) return value as Result;
  const parsed = schema.safeParse(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it meets the schema that the type is of
  if (parsed.success) return parsed.data as Result;
  const [issue] = parsed.error.issues;
  const path = issue === undefined ? '' : issue.path.map((part) => `.${String(part)}`).join('');
  throw new NonRetryable(`${what} does not meet its schema: result${path}: ${issue?.message ?? 'invalid'}`);
}

/**
 * JSON that came from outside.
 * @throws NonRetryable when it is none
 */
export function parsedJson(text: string, what: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    // The error of JSON.parse quotes what it read, which may be anything.
    throw new NonRetryable(`${what} is not JSON (${text.length} characters): ask for another result`);
  }
}
