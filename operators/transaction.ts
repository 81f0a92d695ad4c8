import { TidegateError } from '../core/errors.ts';
import { SqlFailed } from './sql-failed.ts';
import type { SqlOutcome, SqlText, SqlWork } from './statements.ts';

/** One connection to a database, and how it is used. */
interface Connection {
  begin(): Promise<void>;
  run(statement: SqlText): Promise<SqlOutcome>;
  commit(): Promise<void>;
  /** Ends the statement that runs. */
  interrupt(): void;
  /** Without a commit this takes everything back. Never fails. */
  close(): Promise<void>;
  /** The name that the database has for what went wrong. */
  codeOf?(error: unknown): string | undefined;
}

/** Runs statements in one transaction; a signal interrupts the running one, and nothing stays. */
export async function inTransaction(work: SqlWork, connection: Connection): Promise<SqlOutcome> {
  const { statements, signal } = work;
  const interrupt = (): void => connection.interrupt();
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    await connection.begin();
    let outcome: SqlOutcome = { rows: [], count: 0 };
    for (const statement of statements) {
      signal.throwIfAborted();
      outcome = await connection.run(statement);
    }
    signal.throwIfAborted();
    await connection.commit();
    return outcome;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TidegateError) throw error;
    throw sqlFailed(error, work, connection.codeOf?.(error));
  } finally {
    signal.removeEventListener('abort', interrupt);
    await connection.close();
  }
}

/** What the database said, as a new error: its own may have fields with what a statement was given. */
export function sqlFailed(error: unknown, { statements }: SqlWork, code?: string): SqlFailed {
  const message = error instanceof Error ? error.message : String(error);
  return new SqlFailed(`${withoutParameters(message, statements)}${code === undefined ? '' : ` (${code})`}`);
}

/** A message of a database without the values it was given. */
function withoutParameters(message: string, statements: readonly SqlText[]): string {
  const values = statements
    .flatMap(({ parameters }) => parameters.map(String))
    .filter((text) => text.length >= 4);
  return values
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, value) => text.replaceAll(value, '(a parameter)'), message);
}
