import type * as DuckDbModule from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { TidegateError } from '../core/errors.ts';
import { NonRetryable } from '../sdk/index.ts';
import { SqlFailed } from './sql-failed.ts';
import {
  createRowKeeper,
  type SqlOutcome,
  type SqlValue,
  type SqlWork,
  withoutParameters,
} from './statements.ts';

const packageName = '@duckdb/node-api';

type DuckDb = typeof DuckDbModule;

/** Runs statements in one transaction, in a thread of DuckDB's own; a signal interrupts the running one, and nothing stays. */
export async function runOnDuckDb(work: SqlWork & { readonly file: string }): Promise<SqlOutcome> {
  const { file, statements, signal } = work;
  if (typeof file !== 'string' || file === '')
    throw new TidegateError('invalid_input', `the file of DuckDB is not valid: use a path, or ':memory:'`);
  const duckdb = await loadDuckDb();
  // Tasks of one worker share a file that is open: DuckDB lets it be opened once in a process.
  const instance = await (
    file === ':memory:' ? duckdb.DuckDBInstance.create(file) : duckdb.DuckDBInstance.fromCache(file)
  ).catch((error: unknown) => {
    throw failed(error, statements);
  });
  const connection = await instance.connect();
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    await connection.run('begin');
    let outcome: SqlOutcome = { rows: [], count: 0 };
    for (const { text, parameters } of statements) {
      signal.throwIfAborted();
      const values = parameters.map((value) => bound(duckdb, value));
      outcome = await run(duckdb, connection, text, values, work);
    }
    signal.throwIfAborted();
    await connection.run('commit');
    return outcome;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TidegateError) throw error;
    throw failed(error, statements);
  } finally {
    signal.removeEventListener('abort', interrupt);
    // Without a commit everything is taken back.
    connection.closeSync();
    instance.closeSync();
  }
}

async function run(
  duckdb: DuckDb,
  connection: DuckDBConnection,
  text: string,
  values: DuckDBValue[],
  { keeps, signal }: SqlWork,
): Promise<SqlOutcome> {
  const kept = createRowKeeper(keeps);
  let count = 0;
  const result = await connection.stream(text, values);
  const isQuery = result.returnType === duckdb.ResultReturnType.QUERY_RESULT;
  const names = result.deduplicatedColumnNames();
  try {
    for await (const chunk of result) {
      signal.throwIfAborted();
      // Values that nobody asked for are not made of it: that is where the time goes.
      const isWanted = isQuery && (keeps === 'all' || (keeps === 'first' && count === 0));
      count += chunk.rowCount;
      if (!isWanted) continue;
      for (const row of chunk.convertRows(duckdb.JsonDuckDBValueConverter)) {
        const fields = row.map((value, index) => [names[index] ?? String(index), value]);
        kept.add(Object.fromEntries(fields));
      }
    }
  } catch (error) {
    await abandon(connection, result);
    throw error;
  }
  return { rows: kept.rows, count: isQuery ? count : result.rowsChanged };
}

/** Ends what is still read: a result that is left open keeps its file open. */
async function abandon(connection: DuckDBConnection, result: DuckDBResult): Promise<void> {
  for (let isOpen = true; isOpen;) {
    const next = result.fetchChunk();
    connection.interrupt();
    const chunk = await next.catch(() => null);
    isOpen = chunk !== null && chunk.rowCount > 0;
  }
}

/** @throws NonRetryable naming the package to install */
async function loadDuckDb(): Promise<DuckDb> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new NonRetryable(`DuckDB is not installed where the worker runs: npm install ${packageName}`);
  }
}

/** An instant is a time with a zone to DuckDB. */
function bound(duckdb: DuckDb, value: SqlValue): DuckDBValue {
  if (typeof value !== 'object' || value === null) return value;
  return new duckdb.DuckDBTimestampTZValue(BigInt(value.getTime()) * 1_000n);
}

function failed(error: unknown, statements: SqlWork['statements']): SqlFailed {
  const message = error instanceof Error ? error.message : String(error);
  return new SqlFailed(withoutParameters(message, statements));
}
