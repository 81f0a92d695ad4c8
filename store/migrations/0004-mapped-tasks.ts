import { type Kysely, sql } from 'kysely';

/** Instances of mapped tasks have rows, logs and events of their own; -1 is a task that is not mapped. Conditions that are asked again wait in between. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table task_run add column map_index integer not null default -1,
    drop constraint task_run_pkey, add primary key (dag_id, run_id, attempt, task_id, map_index),
    drop constraint task_run_state_check, add constraint task_run_state_check check (state in
      ('running', 'up_for_retry', 'up_for_reschedule', 'success', 'failed', 'skipped', 'upstream_failed'))`.execute(
    db,
  );
  await sql`alter table task_log add column map_index integer not null default -1`.execute(db);
  await sql`drop index task_log_of_try`.execute(db);
  await sql`create index task_log_of_try on task_log (dag_id, run_id, task_id, attempt, map_index, try, id)`.execute(
    db,
  );
  await sql`alter table asset_event add column source_map_index integer not null default -1`.execute(db);
}
