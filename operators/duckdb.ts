import type * as DuckDbModule from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
import { TidegateError } from '../core/errors.ts';
import { NonRetryable } from '../sdk/index.ts';
import { isMissingPackage } from '../sdk/missing-package.ts';
import { createRowKeeper, type SqlOutcome, type SqlValue, type SqlWork } from './statements.ts';
import { inTransaction, sqlFailed } from './transaction.ts';

const packageName = '@duckdb/node-api';

type DuckDb = typeof DuckDbModule;

/** Runs statements in one transaction, in a thread of DuckDB's own; a signal interrupts the running one, and nothing stays. */
export async function runOnDuckDb(work: SqlWork & { readonly file: string }): Promise<SqlOutcome> {
  const { file } = work;
  if (typeof file !== 'string' || file === '')
    throw new TidegateError('invalid_input', `the file of DuckDB is not valid: use a path, or ':memory:'`);
  const duckdb = await loadDuckDb();
  // Tasks of one worker share a file that is open: DuckDB lets it be opened once in a process.
  const instance = await (
    file === ':memory:' ? duckdb.DuckDBInstance.create(file) : duckdb.DuckDBInstance.fromCache(file)
  ).catch((error: unknown) => {
    throw sqlFailed(error, work);
  });
  const connection = await instance.connect();
  return inTransaction(work, {
    begin: async () => void (await connection.run('begin')),
    run: ({ text, parameters }) => {
      const values = parameters.map((value) => bound(duckdb, value));
      return run(duckdb, connection, text, values, work);
    },
    commit: async () => void (await connection.run('commit')),
    interrupt: () => connection.interrupt(),
    async close() {
      connection.closeSync();
      instance.closeSync();
    },
  });
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
    if (!isMissingPackage(error)) throw error;
    throw new NonRetryable(`DuckDB is not installed where the worker runs: npm install ${packageName}`);
  }
}

/** An instant is a time with a zone to DuckDB. */
function bound(duckdb: DuckDb, value: SqlValue): DuckDBValue {
  if (typeof value !== 'object' || value === null) return value;
  return new duckdb.DuckDBTimestampTZValue(BigInt(value.getTime()) * 1_000n);
}
