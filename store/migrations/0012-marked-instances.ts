import { type Kysely, sql } from 'kysely';

/** Which instance of a mapped task somebody marked; null of a task as a whole. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table mark add column map_index integer`.execute(db);
}
