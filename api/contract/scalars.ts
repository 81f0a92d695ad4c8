import { z } from 'zod';
import type { JsonObject as JsonObjectValue } from '../../core/json.ts';

/** An instant in an answer: ISO 8601 in UTC, milliseconds. */
export const Instant = z.iso.datetime();

/** An instant in a request: ISO 8601 with its offset; read as epoch milliseconds. */
export const InstantInput = z.iso
  .datetime({ offset: true, error: 'an ISO 8601 time with offset is expected, such as 2024-05-01T00:00:00Z' })
  .transform((text) => Date.parse(text))
  .meta({ type: 'string', format: 'date-time' });

/** A JSON object with any members. Its depth is not walked: what comes out of a JSON parser is JSON. */
export const JsonObject = z
  .custom<JsonObjectValue>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'an object is expected',
  )
  .meta({ type: 'object', additionalProperties: true });

/** Text that Postgres can store: without NUL and without half of a surrogate pair. */
export function storableText(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine(
      (text) => !/\0|\p{Surrogate}/u.test(text),
      'it holds a NUL character or half of a surrogate pair',
    );
}

/** Text in a query. */
export const QueryText = storableText(2_000);

/** A number in a path or a query. */
export const WholeNumber = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number is expected')
  .transform(Number)
  .meta({ type: 'integer', minimum: 0 });

/** Largest id Postgres can look up. */
const maxId = 2_147_483_647;

/** An integer id in a path or a query. */
export const IdInput = WholeNumber.refine((id) => id <= maxId, `at most ${maxId} is expected`);

/** `true` or `false` in a query, in any spelling Airflow accepts. */
export const Flag = z.stringbool({ error: "'true' or 'false' is expected" }).meta({ type: 'boolean' });

/** A query parameter that may come several times. */
export const TextList = z
  .union([QueryText.transform((text) => [text]), z.array(QueryText)])
  .meta({ type: 'array', items: { type: 'string' } });

/** An instant on the wire: ISO 8601 in UTC with milliseconds. */
export function toInstant(at: Date | string | number): string {
  return new Date(at).toISOString();
}

/** Which instance of a mapped task; -1 is a task that is not mapped. */
export const MapIndex = z
  .string()
  .regex(/^-?\d{1,9}$/, 'a whole number is expected')
  .transform(Number);
