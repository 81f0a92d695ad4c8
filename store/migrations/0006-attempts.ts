import { type Kysely, sql } from 'kysely';

/** Runs that run again, and what people say by hand of how runs and tasks ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // Who asked for an attempt behind the first, what runs again in it, and how the attempt before it ended.
  `create table run_attempt (
    dag_id text not null,
    run_id text not null,
    attempt integer not null check (attempt > 1),
    asked_at timestamptz not null default clock(),
    who text not null,
    why text not null check (why in ('clear', 'retry', 're-run')),
    wish jsonb not null,
    tasks jsonb not null,
    last_state text not null check (last_state in ('success', 'failed')),
    last_reason text,
    last_admitted_at timestamptz,
    last_started_at timestamptz,
    last_ended_at timestamptz,
    is_last_reported boolean not null,
    primary key (dag_id, run_id, attempt),
    foreign key (dag_id, run_id) references run (dag_id, run_id) on delete cascade
  )`,
  `create index run_attempt_unreported on run_attempt (dag_id) where not is_last_reported`,

  // What somebody said by hand; of the run where no task is named.
  `create table mark (
    id bigint generated always as identity primary key,
    dag_id text not null,
    run_id text not null,
    attempt integer not null,
    task_id text,
    at timestamptz not null default clock(),
    who text not null,
    was text,
    was_reason text,
    became text not null check (became in ('success', 'failed', 'skipped')),
    note text,
    foreign key (dag_id, run_id) references run (dag_id, run_id) on delete cascade
  )`,
  `create index mark_of_run on mark (dag_id, run_id, id)`,

  // What an open run gets by hand once its tasks have stopped.
  `alter table run add column wanted_state text check (wanted_state in ('success', 'failed')), add column wanted_reason text`,
  // Set on the row of a task that did not run again: the attempt in which it ran.
  `alter table task_run add column ran_in integer, add column is_marked boolean not null default false`,
];
