import { type Kysely, sql } from 'kysely';

/** Requests that became part of a run that waited, the key of which only one run goes on at a time, and marks that runs are told of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table run
    add column folded integer not null default 0,
    add column flight_key text`,
  // What a request would have been called, so that the same one again is known.
  `create table run_fold (
    dag_id text not null,
    request_id text not null,
    run_id text not null,
    at timestamptz not null default clock(),
    primary key (dag_id, request_id),
    foreign key (dag_id, run_id) references run (dag_id, run_id) on delete cascade
  )`,
  `create index run_fold_of_run on run_fold (dag_id, run_id)`,
  `create index run_in_flight on run (dag_id, flight_key, number)
    where flight_key is not null and state in ('queued', 'running')`,
  // Those that hold a key are few, however many wait.
  `create index run_holding_key on run (dag_id)
    where flight_key is not null and admitted_at is not null and state in ('queued', 'running')`,
  // Set where the run that goes on is to be told of what was said of a task of it.
  `alter table mark add column is_untold boolean not null default false`,
  `create index mark_untold on mark (id) where is_untold`,
];
