import { TidegateError } from './errors.ts';
import { shown } from './json.ts';
import { isCount } from './whole-number.ts';

/** The fields of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Where a part of a scenario stands: `steps[2].event`. */
export function placeIn(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Says of a part of a scenario where it stands, what it is, and what to write instead. */
export function refused(path: string, value: unknown, remedy: string): TidegateError {
  return new TidegateError(
    'invalid_input',
    `${path === '' ? 'the scenario' : path} ${shown(value)} is not valid: ${remedy}`,
  );
}

/** @throws TidegateError `invalid_input` when there are fields of other names, which are most likely misspelt */
export function onlyFields(path: string, fields: Fields, allowed: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !allowed.includes(name));
  if (other === undefined) return;
  throw refused(
    placeIn(path, other),
    fields[other],
    `nothing of this name is known here, but ${listed(allowed)}`,
  );
}

/** @throws TidegateError `invalid_input` unless it is text that is not blank */
export function parseName(path: string, value: unknown, what: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw refused(path, value, `write the name of an ${what}, such as "orders"`);
}

/** @throws TidegateError `invalid_input` unless it is a whole number from 1 to `most` */
export function parseCount(path: string, value: unknown, most = Number.MAX_SAFE_INTEGER): number {
  if (isCount(value, most)) return value;
  throw refused(
    path,
    value,
    `write a whole number from 1 ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}`,
  );
}

/** @throws TidegateError `invalid_input` unless it is a list */
export function parseList(path: string, value: unknown, remedy: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refused(path, value, remedy);
}

/** Says where a failure is whose own message does not. */
export function within<Value>(path: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TidegateError) || path === '') throw error;
    throw new TidegateError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}

/** Names as a sentence lists them. */
export function listed(names: readonly string[]): string {
  return names.length <= 1 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
