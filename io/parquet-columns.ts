import { TidegateError } from '../core/errors.ts';
import type { Row } from './rows.ts';

/** Types of columns, in the words of DuckDB. */
export type ColumnType = 'BOOLEAN' | 'BIGINT' | 'DOUBLE' | 'VARCHAR' | 'TIMESTAMP' | 'JSON';

/**
 * Columns of rows, each with a type that holds all of its values: whole numbers, numbers, booleans, texts, dates, and JSON for lists and
 * objects. One without any value is of texts.
 * @throws TidegateError `invalid_input` naming a column whose values have no type in common, or a value that none can hold
 */
export function columnsOf(rows: readonly Row[]): ReadonlyMap<string, ColumnType> {
  const columns = new Map<string, ColumnType | undefined>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      const type = typeOf(name, value);
      columns.set(name, type === undefined ? columns.get(name) : commonType(name, columns.get(name), type));
    }
  }
  return new Map([...columns].map(([name, type]) => [name, type ?? 'VARCHAR']));
}

function typeOf(name: string, value: unknown): ColumnType | undefined {
  switch (typeof value) {
    case 'undefined':
      return undefined;
    case 'boolean':
      return 'BOOLEAN';
    case 'string':
      return 'VARCHAR';
    case 'number':
      if (!Number.isFinite(value)) throw refused(`column '${name}' has a ${value}: use null`);
      return Number.isSafeInteger(value) ? 'BIGINT' : 'DOUBLE';
    case 'object':
      if (value === null) return undefined;
      return value instanceof Date ? 'TIMESTAMP' : 'JSON';
    default:
      throw refused(
        `column '${name}' has a ${typeof value}: use numbers, texts, booleans, dates, lists or objects`,
      );
  }
}

function commonType(name: string, one: ColumnType | undefined, other: ColumnType): ColumnType {
  if (one === undefined || one === other) return other;
  const both = new Set([one, other]);
  if (both.has('BIGINT') && both.has('DOUBLE')) return 'DOUBLE';
  throw refused(`column '${name}' has both ${one} and ${other}: make its values of one type`);
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_input', `the result cannot be saved as Parquet: ${reason}`);
}
