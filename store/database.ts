import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { TidegateError } from '../core/errors.ts';
import { preparing } from './prepared.ts';
import type { Database } from './schema.ts';

export type Db = Kysely<Database>;

export interface DatabaseOptions {
  readonly url: string;
  /** Postgres schema that holds the project. @defaultValue `tidegate` */
  readonly schema?: string;
  /** Most connections of this process. @defaultValue 10 */
  readonly maxConnections?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
}

export const defaultSchema = 'tidegate';

const bigintOid = 20;
/** Positions and counts stay far below 2^53, so a bigint is read as a number. */
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === bigintOid ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** Opens a pool on the project's schema; nothing connects before the first query. */
export function openDatabase(options: DatabaseOptions): Db {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: preparing(openPool(options)) }) });
}

/** The pool itself, for callers that put a dialect of their own on top. */
export function openPool({ url, schema, maxConnections, applicationName }: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections ?? 10,
    application_name: applicationName ?? 'tidegate',
    // Statements are short, and what they may read is estimated far above what they do: compiling them would take longer than they do.
    options: `-c search_path=${parseSchemaName(schema ?? defaultSchema)} -c jit=off`,
    connectionTimeoutMillis: 10_000,
    // Without these a connection whose other end vanished keeps its statement waiting for many minutes.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: 60_000,
    types,
  });
  // A connection that breaks is replaced by the pool; without listeners it would end the process: the pool's is for idle ones,
  // a client's for one that breaks between two statements of a transaction, of which the next one fails.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** @throws TidegateError `invalid_environment` unless it is a plain lower-case identifier */
export function parseSchemaName(schema: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) {
    throw new TidegateError(
      'invalid_environment',
      `TIDEGATE_SCHEMA ${JSON.stringify(schema)} is not valid: use a lower-case identifier such as 'tidegate'`,
    );
  }
  return schema;
}
