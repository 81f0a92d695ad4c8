import { type Kysely, sql } from 'kysely';

/** Up to when times of a schedule that passed without a run were made up for, and which one comes next. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table dag add column times_settled_at timestamptz, add column next_time_at timestamptz`.execute(
    db,
  );
  // DAGs that are there already make up for nothing older.
  await sql`update dag set times_settled_at = clock()`.execute(db);
}
