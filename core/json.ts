import { TidegateError } from './errors.ts';

/** What survives JSON unchanged. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

const longestShown = 120;

/** Any value as an error shows it: as JSON where it has such a form, and cut where it would fill the line. */
export function shown(value: unknown): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  const text = isNumber ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > longestShown ? `${text.slice(0, longestShown - 3)}...` : text;
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text with the keys of every object in order: the same for equal values, however they were written. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

/** An escaped NUL or lone surrogate, which Postgres cannot store; an escaped backslash before it makes it plain text. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/i;

/**
 * A value as the JSON text that is stored.
 * @param what - names the value in the error
 * @throws TidegateError `invalid_input` when it has no JSON form, or holds a NUL character or half of a surrogate pair
 */
export function toStorableJson(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new TidegateError('invalid_input', `${what} cannot be written as JSON: ${reason}`, {
      cause: error,
    });
  }
  if (text === undefined)
    throw new TidegateError('invalid_input', `${what} cannot be written as JSON: it is ${typeof value}`);
  if (unstorable.test(text)) {
    throw new TidegateError(
      'invalid_input',
      `${what} holds a NUL character or half of a surrogate pair, which cannot be stored: remove it`,
    );
  }
  return text;
}
