import { Client, type ClientConfig, DatabaseError, Query, type QueryResult, TypeOverrides, types } from 'pg';
import { TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { createRowKeeper, type SqlOutcome, type SqlWork } from './statements.ts';
import { inTransaction } from './transaction.ts';

const connectWithinMs = 15_000;
/** Less than a task that was told to stop is given. */
const cancelWithinMs = 3_000;
/** How often a server that runs a statement looks whether somebody still waits for it. */
const lookForClient = `select set_config(name, '5s', false) from pg_settings where name = 'client_connection_check_interval'`;

/** Days and local times have no zone, and would get that of the worker; bytes are hexadecimal text, as Postgres writes them. */
const asWritten = new TypeOverrides();
for (const id of [types.builtins.DATE, types.builtins.TIMESTAMP, types.builtins.BYTEA])
  asWritten.setTypeParser(id, (text: string) => text);

/** Runs statements in one transaction; a signal cancels the running one on the server, and nothing stays. */
export async function runOnPostgres(work: SqlWork & { readonly url: string }): Promise<SqlOutcome> {
  const { keeps } = work;
  const config = configOf(work.url);
  const client = new Client(config);
  // A connection that breaks rejects the statement that runs; between statements the next one finds out.
  client.on('error', () => undefined);
  let backend: number | undefined;
  const cancel = (): void => void cancelStatement(client, config, backend);
  return inTransaction(work, {
    async begin() {
      await client.connect();
      // Not every server knows or can do it.
      await client.query(lookForClient).catch(() => undefined);
      await client.query('begin');
      // Inside of the transaction: a pooler between may give the next one to another server process.
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      backend = rows[0]?.pid;
    },
    run: ({ text, parameters }) => run(client, text, parameters, keeps, cancel),
    commit: async () => void (await client.query('commit')),
    interrupt: cancel,
    close: () => client.end().catch(() => undefined),
    codeOf: (error) =>
      error instanceof DatabaseError && error.code !== undefined ? `SQLSTATE ${error.code}` : undefined,
  });
}

async function run(
  client: Client,
  text: string,
  values: readonly unknown[],
  keeps: SqlWork['keeps'],
  cancel: () => void,
): Promise<SqlOutcome> {
  const kept = createRowKeeper(keeps);
  let refusal: unknown;
  // Extended protocol, also without parameters: a text is one statement.
  const config = { text, values: [...values], types: asWritten, queryMode: 'extended' };
  const query = new Query(config);
  query.on('row', (row: JsonObject) => {
    if (refusal !== undefined) return;
    try {
      kept.add(row);
    } catch (error) {
      refusal = error;
      cancel();
    }
  });
  const ended = new Promise<QueryResult>((settle, reject) => {
    query.once('end', settle);
    query.once('error', reject);
  });
  client.query(query);
  const result = await ended.catch((error: unknown) => {
    throw refusal ?? error;
  });
  if (refusal !== undefined) throw refusal;
  return { rows: kept.rows, count: result.rowCount ?? 0 };
}

/** Asks the server, on a connection of its own, to end what this one waits for; where it cannot be asked, the connection is cut. */
async function cancelStatement(
  client: Client,
  config: ClientConfig,
  backend: number | undefined,
): Promise<void> {
  const other = new Client({
    ...config,
    connectionTimeoutMillis: cancelWithinMs,
    query_timeout: cancelWithinMs,
  });
  other.on('error', () => undefined);
  try {
    if (backend === undefined) throw new Error('it is not connected yet');
    await other.connect();
    await other.query('select pg_cancel_backend($1)', [backend]);
  } catch {
    await client.end().catch(() => undefined);
  } finally {
    await other.end().catch(() => undefined);
  }
}

function configOf(url: string): ClientConfig {
  if (typeof url === 'string' && URL.canParse(url) && /^postgres(?:ql)?:$/.test(new URL(url).protocol))
    return { connectionString: url, application_name: 'tidegate', connectionTimeoutMillis: connectWithinMs };
  throw new TidegateError(
    'invalid_input',
    // Not the address itself, which may hold a password.
    `the address of Postgres is not valid: use one such as 'postgres://user:password@db:5432/warehouse'`,
  );
}
