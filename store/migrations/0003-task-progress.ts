import { type Kysely, sql } from 'kysely';

/** How far a task is, and what it left for its next try. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table task_run add column progress real, add column progress_note text, add column heartbeat_details jsonb`.execute(
    db,
  );
}
