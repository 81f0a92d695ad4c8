import type { z } from 'zod';
import type { Json } from '../core/json.ts';
import type { JsonObject, TaskContext } from '../sdk/index.ts';
import { runOnDuckDb } from './duckdb.ts';
import { type Given, resolve } from './given.ts';
import { runOnPostgres } from './postgres.ts';
import { checkedResult, type ResultOf } from './result.ts';
import { type SqlStatement, toStatements } from './statements.ts';

/** Where statements run; an address or a file may be a function of the task's context. */
export type SqlDatabase<Params extends object = object, Needs extends object = object> =
  | { readonly kind: 'postgres'; readonly url: Given<string, Params, Needs> }
  | { readonly kind: 'duckdb'; readonly file: Given<string, Params, Needs> };

/** What of the last statement is the task's result. */
export type SqlResult = 'count' | 'rows' | 'row' | 'none';

/** What a task of statements returns. */
export type SqlResultOf<Kind, Schema extends z.ZodType | undefined> = ResultOf<
  Schema,
  Kind extends 'rows'
    ? readonly JsonObject[]
    : Kind extends 'row'
      ? JsonObject | null
      : Kind extends 'none'
        ? null
        : number
>;

/** A Postgres by its address, such as `postgres://user:password@db:5432/warehouse`; a function keeps the address out of the code. */
export function postgres<Params extends object = object, Needs extends object = object>(
  url: Given<string, Params, Needs>,
): SqlDatabase<Params, Needs> {
  return { kind: 'postgres', url };
}

/** A DuckDB in a file, or in memory for this one task. It is loaded when the task runs, from the package `@duckdb/node-api`. */
export function duckdb<Params extends object = object, Needs extends object = object>(
  file: Given<string, Params, Needs> = ':memory:',
): SqlDatabase<Params, Needs> {
  return { kind: 'duckdb', file };
}

/**
 * Makes a task of SQL statements, which run in one transaction. Values are given as parameters. When the task is cancelled or out of time, the running statement
 * is cancelled in the database, and nothing of the transaction stays.
 * @throws TidegateError `invalid_input` when the task runs and a statement or address cannot be used, or rows are above 256 KiB as JSON
 */
export function sql<
  Params extends object = JsonObject,
  Needs extends object = object,
  const Kind extends SqlResult = 'count',
  Schema extends z.ZodType | undefined = undefined,
>(
  // One that is shared by tasks says nothing about the context of any.
  database: SqlDatabase<NoInfer<Params>, NoInfer<Needs>>,
  statements: Given<SqlStatement | readonly SqlStatement[], Params, Needs>,
  options: {
    /** How many rows the last statement returned or changed, these rows, the first of them or `null`, or nothing. @defaultValue `'count'` */
    readonly result?: Kind;
    /** Checks and types the result. */
    readonly schema?: Schema;
  } = {},
): (context: TaskContext<Params, Needs>) => Promise<SqlResultOf<Kind, Schema>> {
  const { result = 'count', schema } = options;
  return async (context) => {
    const all = toStatements(await resolve(statements, context));
    const { signal } = context;
    signal.throwIfAborted();
    const keeps = result === 'rows' ? 'all' : result === 'row' ? 'first' : 'none';
    const { rows, count } =
      database.kind === 'postgres'
        ? await runOnPostgres({ url: await resolve(database.url, context), statements: all, keeps, signal })
        : await runOnDuckDb({ file: await resolve(database.file, context), statements: all, keeps, signal });
    context.log.info('statements run', { statements: all.length, count });
    return checkedResult(schema, valueOf(result, rows, count), 'what the database returned');
  };
}

function valueOf(result: SqlResult, rows: readonly JsonObject[], count: number): Json {
  if (result === 'rows') return rows;
  if (result === 'row') return rows[0] ?? null;
  return result === 'count' ? count : null;
}
