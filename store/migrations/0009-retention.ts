import { type Kysely, sql } from 'kysely';

/** How long what is kept, what was deleted because of that, and the indexes by which it is found. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table project
    add column retention jsonb,
    add column is_retention_synced boolean not null default true,
    add column runs_pruned_before timestamptz,
    add column steps_pruned_before timestamptz,
    add column events_pruned_before timestamptz,
    add column events_pruned_upto bigint not null default 0,
    add column events_pruned bigint not null default 0`,
  `alter table run add column are_logs_pruned boolean not null default false`,
  `create index run_by_end on run (ended_at, number) where ended_at is not null`,
  `create index run_with_logs on run (ended_at, number) where ended_at is not null and not are_logs_pruned`,
];
