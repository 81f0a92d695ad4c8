import { TidegateError } from '../core/errors.ts';
import { isRecord, type JsonObject } from '../core/json.ts';

/** A value that a statement is given. */
export type SqlValue = string | number | bigint | boolean | Date | null;

/** A statement, or its text with the values of `$1`, `$2` and so on. */
export type SqlStatement = string | SqlText;

export interface SqlText {
  readonly text: string;
  readonly parameters: readonly SqlValue[];
}

/** What a database is to run in one transaction. */
export interface SqlWork {
  readonly statements: readonly SqlText[];
  /** Which rows of the last one are kept. */
  readonly keeps: 'all' | 'first' | 'none';
  readonly signal: AbortSignal;
}

/** What came of the last statement. */
export interface SqlOutcome {
  readonly rows: readonly JsonObject[];
  /** Rows it returned or changed. */
  readonly count: number;
}

/** Largest rows, as JSON: no result may be larger. */
const maxRowsBytes = 262_144;

/** @throws TidegateError `invalid_input` when there is none, or one has no text or a parameter that is no value */
export function toStatements(given: SqlStatement | readonly SqlStatement[]): readonly SqlText[] {
  // Authors may write plain JavaScript, so the type alone is no proof.
  const all: readonly unknown[] = [given].flat();
  if (all.length === 0) throw invalid('there is no statement: give at least one');
  return all.map((statement, index) => {
    const title = `statement ${index + 1}`;
    const { text, parameters = [] } = isRecord(statement) ? statement : { text: statement };
    if (typeof text !== 'string' || text.trim() === '')
      throw invalid(`${title} has no text: write a text, or { text, parameters }`);
    if (!isList(parameters))
      throw invalid(`parameters of ${title} are no list: write { text, parameters: [] }`);
    const values = parameters.filter(isValue);
    // By its place only: it may be a secret.
    const wrong = parameters.findIndex((parameter) => !isValue(parameter));
    if (wrong === -1) return { text, parameters: values };
    throw invalid(
      `parameter ${wrong + 1} of ${title} is no value: use texts, numbers, booleans, dates or null`,
    );
  });
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isValue(value: unknown): value is SqlValue {
  return (
    value === null ||
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    Object.prototype.toString.call(value) === '[object Date]'
  );
}

/** Keeps rows as long as they fit into a result, so that a table never has to fit into the worker. */
export function createRowKeeper(keeps: SqlWork['keeps']): {
  readonly rows: readonly JsonObject[];
  /** @throws TidegateError `invalid_input` when they are above 256 KiB as JSON */
  add(row: JsonObject): void;
} {
  const rows: JsonObject[] = [];
  let bytes = 2;
  return {
    rows,
    add(row) {
      if (keeps === 'none' || (keeps === 'first' && rows.length > 0)) return;
      bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
      if (bytes > maxRowsBytes)
        throw invalid(
          `the rows are more than ${maxRowsBytes} bytes as JSON, which no result may be: write them into a table or file and return a reference`,
        );
      rows.push(row);
    },
  };
}

function invalid(message: string): TidegateError {
  return new TidegateError('invalid_input', message);
}
