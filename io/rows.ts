import { TidegateError } from '../core/errors.ts';
import { isRecord, shown } from '../core/json.ts';

/** A row of a table: values by the names of their columns. */
export type Row = Readonly<Record<string, unknown>>;

/** @throws TidegateError `invalid_input` unless it is an array of objects */
export function parseRows(value: unknown): readonly Row[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw new TidegateError('invalid_input', `result ${shown(value)} is no table: return an array of objects`);
}
