import { InvalidArgumentError } from 'commander';
import type { JsonObject } from '../core/json.ts';

/** Reads an option that is a JSON object. */
export function jsonObject(text: string): JsonObject {
  const value = parse(text);
  if (!isObject(value))
    throw new InvalidArgumentError(`a JSON object is expected, such as '{"day": "2024-05-01"}'`);
  return value;
}

/** Reads an option that is a whole number, 0 included. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is expected');
  return Number(text);
}

/** Reads an option that is a list of whole numbers, 0 included, such as `3,7`. */
export function wholeNumbers(text: string): readonly number[] {
  if (!/^\d{1,9}(,\d{1,9})*$/.test(text))
    throw new InvalidArgumentError('whole numbers are expected, such as 3,7');
  return text.split(',').map(Number);
}

/** Reads an option that may be given several times. */
export function listOf(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `it is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
