import { type Migration, Migrator, sql } from 'kysely';
import { TidegateError } from '../core/errors.ts';
import { type Db, defaultSchema, parseSchemaName } from './database.ts';
import * as spine from './migrations/0001-spine.ts';

const migrations: Readonly<Record<string, Migration>> = { '0001-spine': spine };

/**
 * Creates the schema and brings it up to date; a no-op when it is. Safe to call from several processes at once.
 * @returns the names of the migrations that ran
 * @throws TidegateError `database_unreachable` when Postgres does not answer or refuses
 */
export async function migrate(db: Db, schema: string = defaultSchema): Promise<readonly string[]> {
  const name = parseSchemaName(schema);
  try {
    await sql`create schema if not exists ${sql.id(name)}`.execute(db);
  } catch (error) {
    // Two processes may create it in the same moment; the loser finds it there.
    if (!isDuplicate(error)) throw unreachableDatabase(error);
  }
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableSchema: name,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
  return (results ?? [])
    .filter(({ status }) => status === 'Success')
    .map(({ migrationName }) => migrationName);
}

/** Names of migrations that are still to run; all of them while there is no schema. */
export async function pendingMigrations(db: Db): Promise<readonly string[]> {
  const { rows: tables } = await sql<{ readonly found: string | null }>`
    select to_regclass('kysely_migration') as found`.execute(db);
  if ((tables[0]?.found ?? null) === null) return Object.keys(migrations);
  const { rows } = await sql<{ readonly name: string }>`select name from kysely_migration`.execute(db);
  const done = new Set(rows.map(({ name }) => name));
  return Object.keys(migrations).filter((name) => !done.has(name));
}

function isDuplicate(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '23505' || code === '42P06';
}

function unreachableDatabase(error: unknown): TidegateError {
  const reason = error instanceof Error ? error.message || String(error) : String(error);
  return new TidegateError('database_unreachable', `DATABASE_URL: Postgres does not answer: ${reason}`, {
    cause: error,
  });
}
