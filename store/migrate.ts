import { type Migration, Migrator, sql } from 'kysely';
import { TidegateError } from '../core/errors.ts';
import { type Db, defaultSchema, parseSchemaName } from './database.ts';
import * as spine from './migrations/0001-spine.ts';
import * as missedTimes from './migrations/0002-missed-times.ts';
import * as taskProgress from './migrations/0003-task-progress.ts';
import * as mappedTasks from './migrations/0004-mapped-tasks.ts';
import * as attempts from './migrations/0006-attempts.ts';
import * as projectPause from './migrations/0008-project-pause.ts';
import * as retention from './migrations/0009-retention.ts';
import * as pools from './migrations/0010-pools.ts';
import * as flights from './migrations/0011-flights.ts';
import * as markedInstances from './migrations/0012-marked-instances.ts';

const migrations: Readonly<Record<string, Migration>> = {
  '0001-spine': spine,
  '0002-missed-times': missedTimes,
  '0003-task-progress': taskProgress,
  '0004-mapped-tasks': mappedTasks,
  '0006-attempts': attempts,
  '0008-project-pause': projectPause,
  '0009-retention': retention,
  '0010-pools': pools,
  '0011-flights': flights,
  '0012-marked-instances': markedInstances,
};

/**
 * Creates the schema and brings it up to date; a no-op when it is. Safe to call from several processes at once.
 * @returns the names of the migrations that ran
 * @throws TidegateError `database_unreachable` when Postgres does not answer or refuses, `invalid_environment` when its user may not create
 */
export async function migrate(db: Db, schema: string = defaultSchema): Promise<readonly string[]> {
  const name = parseSchemaName(schema);
  await ensureSchema(db, name);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableSchema: name,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw isForbidden(error) ? forbidden(`the tables of schema ${name}`, error) : error;
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

async function ensureSchema(db: Db, name: string): Promise<void> {
  try {
    // Creating takes a right on the database even where nothing is left to create, so it is looked up first.
    const { rows } = await sql`select from pg_namespace where nspname = ${name}`.execute(db);
    if (rows.length === 0) await sql`create schema if not exists ${sql.id(name)}`.execute(db);
  } catch (error) {
    if (isForbidden(error)) throw forbidden(`the schema ${name}`, error);
    // Two processes may create it in the same moment; the loser finds it there.
    if (!isDuplicate(error)) throw unreachableDatabase(error);
  }
}

function isDuplicate(error: unknown): boolean {
  return ['23505', '42P06'].includes(codeOf(error));
}

function isForbidden(error: unknown): boolean {
  return codeOf(error) === '42501';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function forbidden(what: string, error: unknown): TidegateError {
  const reason = error instanceof Error ? error.message : String(error);
  return new TidegateError(
    'invalid_environment',
    `DATABASE_URL: its user may not create ${what}: ${reason}. Create them as their owner, with 'tidegate db migrate', or grant CREATE`,
    { cause: error },
  );
}

function unreachableDatabase(error: unknown): TidegateError {
  const reason = error instanceof Error ? error.message || String(error) : String(error);
  return new TidegateError('database_unreachable', `DATABASE_URL: Postgres does not answer: ${reason}`, {
    cause: error,
  });
}
