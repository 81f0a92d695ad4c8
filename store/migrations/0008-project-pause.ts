import { type Kysely, sql } from 'kysely';

/** Whether the whole project is paused, and which DAGs only because of that. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table project (
      only_one boolean primary key default true check (only_one),
      is_paused boolean not null default false,
      pause_changed_at timestamptz,
      pause_changed_by text,
      check ((pause_changed_at is null) = (pause_changed_by is null))
    )`.execute(db);
  await sql`insert into project default values`.execute(db);
  await sql`alter table consumer add column paused_by text check (paused_by in ('dag', 'project'))`.execute(
    db,
  );
  await sql`update consumer set paused_by = 'dag' where is_paused`.execute(db);
}
