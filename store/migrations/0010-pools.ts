import { type Kysely, sql } from 'kysely';

/** What tasks and runs of all DAGs share: pools, who holds and waits for what of them, and whose turn is next. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // `starts` are those of the rate's last window, in epoch milliseconds; `turn` counts the turns of its keys.
  `create table pool (
    name text primary key,
    slots integer,
    slots_per_key integer,
    rate jsonb,
    starts jsonb not null default '[]',
    turn bigint not null default 0,
    next_at timestamptz
  )`,
  `create index pool_due on pool (next_at) where next_at is not null`,

  // `task_id` is empty where a run as a whole holds it.
  `create table pool_lease (
    dag_id text not null,
    run_id text not null,
    attempt integer not null,
    task_id text not null,
    map_index integer not null,
    pool text not null,
    key text not null,
    slots integer not null,
    number bigint generated always as identity,
    workflow_id text not null,
    asked_at timestamptz not null default clock(),
    granted_at timestamptz,
    is_told boolean not null default false,
    primary key (dag_id, run_id, attempt, task_id, map_index)
  )`,
  `create index pool_lease_waiting on pool_lease (pool, number) where granted_at is null`,
  `create index pool_lease_waiting_by_key on pool_lease (pool, key, number) where granted_at is null`,
  `create index pool_lease_held on pool_lease (pool, key) include (slots) where granted_at is not null`,
  `create index pool_lease_untold on pool_lease (granted_at) where granted_at is not null and not is_told`,

  // A key that nothing waits for and that holds nothing has no row. `place` is where it stands in the ring.
  `create table pool_key (
    pool text not null,
    key text not null,
    held integer not null,
    next_slots integer,
    place bigint not null,
    primary key (pool, key)
  )`,
  `create index pool_ring on pool_key (pool, place) where next_slots is not null`,
];
