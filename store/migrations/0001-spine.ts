import { type Kysely, sql } from 'kysely';

/** The log and what hangs on it: assets, events, definitions, consumers, runs, tasks. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // The one clock, in milliseconds as everybody who reads it has them. Tests replace it to set the time.
  `create function clock() returns timestamptz language sql volatile
    as $$select date_trunc('milliseconds', clock_timestamp())$$`,

  `create table log (
    only_one boolean primary key default true check (only_one),
    id uuid not null default gen_random_uuid(),
    head bigint not null default 0,
    at timestamptz not null default clock()
  )`,
  `insert into log default values`,

  `create table asset (
    id integer generated always as identity primary key,
    name text not null,
    uri text not null,
    group_name text not null default '',
    description text not null default '',
    tags jsonb not null default '[]',
    owners jsonb not null default '[]',
    extra jsonb not null default '{}',
    event_schema jsonb,
    is_active boolean not null default true,
    created_at timestamptz not null default clock(),
    updated_at timestamptz not null default clock(),
    unique (name, uri)
  )`,
  `create unique index asset_active_name on asset (name) where is_active`,
  `create unique index asset_active_uri on asset (uri) where is_active`,

  `create table asset_event (
    seq bigint primary key,
    batch_end bigint not null check (batch_end >= seq),
    asset_id integer not null references asset (id),
    recorded_at timestamptz not null,
    extra jsonb not null default '{}',
    partition_key text,
    source_dag_id text,
    source_run_id text,
    source_task_id text
  )`,
  `create index asset_event_of_asset on asset_event (asset_id, seq) include (partition_key)`,
  `create index asset_event_of_run on asset_event (source_dag_id, source_run_id) where source_dag_id is not null`,

  `create table asset_alias (
    id integer generated always as identity primary key,
    kind text not null check (kind in ('alias', 'template')),
    name text not null,
    uri text,
    group_name text not null default '',
    created_at timestamptz not null default clock(),
    updated_at timestamptz not null default clock(),
    unique (kind, name),
    check ((kind = 'template') = (uri is not null))
  )`,
  // Which assets were ever updated through an alias.
  `create table asset_alias_asset (
    alias_id integer not null references asset_alias (id),
    asset_id integer not null references asset (id),
    created_at timestamptz not null default clock(),
    primary key (alias_id, asset_id)
  )`,
  `create index asset_alias_of_asset on asset_alias_asset (asset_id)`,
  // Which events came through an alias. Written with them, in the statement that holds the log.
  `create table asset_event_alias (
    alias_id integer not null references asset_alias (id),
    seq bigint not null,
    primary key (alias_id, seq)
  )`,
  `create index asset_event_alias_of_event on asset_event_alias (seq, alias_id)`,

  `create table idempotency_key (
    key text primary key,
    request_hash text not null,
    seq bigint not null,
    created_at timestamptz not null default clock()
  )`,
  `create index idempotency_key_by_age on idempotency_key (created_at)`,

  `create table dag (
    dag_id text primary key,
    version integer not null,
    synced_version integer not null default 0,
    is_open boolean not null default false,
    file text not null,
    retired_at timestamptz,
    created_at timestamptz not null default clock(),
    updated_at timestamptz not null default clock()
  )`,
  `create table dag_version (
    dag_id text not null references dag (dag_id),
    version integer not null,
    seq bigint not null,
    hash text not null,
    plan jsonb,
    definition jsonb not null,
    created_at timestamptz not null default clock(),
    primary key (dag_id, version)
  )`,
  `create index dag_version_in_log on dag_version (dag_id, seq)`,
  `create table dag_task (
    dag_id text not null references dag (dag_id),
    task_id text not null,
    asset_id integer references asset (id),
    alias_id integer references asset_alias (id),
    role text not null check (role in ('outlet', 'inlet')),
    check (num_nonnulls(asset_id, alias_id) = 1),
    unique nulls not distinct (dag_id, task_id, asset_id, alias_id, role)
  )`,
  `create index dag_task_of_asset on dag_task (asset_id)`,
  `create index dag_task_of_alias on dag_task (alias_id)`,
  `create table dag_outlet (
    dag_id text not null references dag (dag_id),
    asset_id integer not null references asset (id),
    primary key (dag_id, asset_id)
  )`,
  `create index dag_outlet_of_asset on dag_outlet (asset_id)`,
  `create table subscription (
    id integer generated always as identity primary key,
    dag_id text not null references dag (dag_id),
    asset_id integer references asset (id),
    alias_id integer references asset_alias (id),
    version integer not null,
    after_seq bigint not null,
    live_after_seq bigint not null,
    until_seq bigint,
    judged_after bigint not null default 9007199254740991,
    check (num_nonnulls(asset_id, alias_id) = 1)
  )`,
  `create unique index subscription_open on subscription (asset_id, dag_id) where until_seq is null`,
  `create unique index subscription_open_alias on subscription (alias_id, dag_id) where until_seq is null`,
  `create index subscription_of_dag on subscription (dag_id)`,
  // What consumers that look into events accepted: written before they are told of it, and never changed.
  `create table accepted_event (
    subscription_id integer not null references subscription (id),
    key text not null,
    seq bigint not null,
    leaves text[] not null,
    part text,
    needs integer,
    primary key (subscription_id, key, seq)
  )`,
  `create index accepted_event_in_log on accepted_event (subscription_id, seq)`,
  // Events whose partition key a consumer does not take, and why.
  `create table refused_event (
    subscription_id integer not null references subscription (id),
    seq bigint not null,
    reason text not null,
    primary key (subscription_id, seq)
  )`,
  `create table deployed_project (
    hash text primary key,
    deployed_at timestamptz not null default clock()
  )`,
  `create table import_error (
    file text primary key,
    message text not null,
    at timestamptz not null default clock()
  )`,

  `create table consumer (
    dag_id text primary key references dag (dag_id),
    epoch integer not null default 0,
    step integer not null default 0,
    sent bigint not null,
    judged bigint,
    lists_history boolean not null default false,
    checkpoint jsonb not null,
    is_paused boolean not null default false
  )`,

  // What each consumer did, in order, and what had reached it: whoever has the log, too, can go through it again.
  `create table consumer_step (
    dag_id text not null,
    epoch integer not null,
    step integer not null,
    kind text not null,
    counted bigint not null,
    inputs jsonb not null,
    detail jsonb not null,
    at timestamptz not null default clock(),
    primary key (dag_id, epoch, step)
  )`,
  `create table run (
    dag_id text not null references dag (dag_id),
    run_id text not null,
    number bigint generated always as identity,
    attempt integer not null default 1,
    state text not null check (state in ('queued', 'running', 'success', 'failed')),
    trigger text not null check (trigger in ('asset', 'manual', 'scheduled')),
    version integer,
    conf jsonb not null default '{}',
    note text,
    reason text,
    logical_at timestamptz,
    data_interval_start_at timestamptz,
    data_interval_end_at timestamptz,
    partition_key text,
    queued_at timestamptz not null default clock(),
    admitted_at timestamptz,
    workflow_seen_at timestamptz,
    is_owed boolean not null default false,
    started_at timestamptz,
    ended_at timestamptz,
    is_close_reported boolean not null default false,
    primary key (dag_id, run_id)
  )`,
  `create index run_newest on run (dag_id, number desc)`,
  `create index run_open on run (dag_id, number) where state in ('queued', 'running')`,
  `create index run_unreported on run (dag_id) where not is_close_reported and state in ('success', 'failed')`,

  // Which ticks of a schedule a run is for: one, or all that came while it waited for assets.
  `create table run_tick (
    dag_id text not null,
    nominal_at timestamptz not null,
    run_id text not null,
    primary key (dag_id, nominal_at),
    foreign key (dag_id, run_id) references run (dag_id, run_id)
  )`,
  `create index run_tick_of_run on run_tick (dag_id, run_id, nominal_at)`,

  // Deadlines that came, and what became of them; not decided yet where nothing did.
  `create table deadline (
    dag_id text not null references dag (dag_id),
    due_at timestamptz not null,
    outcome text check (outcome in ('met', 'run', 'skip', 'alert', 'paused', 'passed', 'removed')),
    run_id text,
    missing jsonb not null default '[]',
    told_at timestamptz not null default clock(),
    decided_at timestamptz,
    primary key (dag_id, due_at),
    check ((outcome is null) = (decided_at is null)),
    check (coalesce(outcome = 'run', false) = (run_id is not null))
  )`,
  `create index deadline_of_run on deadline (dag_id, run_id) where run_id is not null`,
  `create index deadline_undecided on deadline (dag_id, due_at) where outcome is null`,

  `create table consumption (
    subscription_id integer not null references subscription (id),
    key text not null default '',
    after_seq bigint not null,
    upto_seq bigint not null,
    dag_id text not null,
    outcome text not null check (outcome in ('consumed', 'cleared', 'dropped', 'ignored', 'expired')),
    count bigint not null,
    run_id text,
    who text,
    version integer not null,
    at timestamptz not null default clock(),
    primary key (subscription_id, key, after_seq),
    check (after_seq < upto_seq),
    check ((outcome = 'consumed') = (run_id is not null))
  )`,
  `create index consumption_until on consumption (subscription_id, key, upto_seq)`,
  `create index consumption_of_run on consumption (dag_id, run_id) where run_id is not null`,

  `create table task_run (
    dag_id text not null,
    run_id text not null,
    attempt integer not null,
    task_id text not null,
    state text not null check (state in ('running', 'up_for_retry', 'success', 'failed', 'skipped', 'upstream_failed')),
    try integer not null default 0,
    failures integer not null default 0,
    silent_tries integer not null default 0,
    started_at timestamptz,
    try_started_at timestamptz,
    ended_at timestamptz,
    result jsonb,
    error text,
    worker text,
    primary key (dag_id, run_id, attempt, task_id),
    foreign key (dag_id, run_id) references run (dag_id, run_id)
  )`,
  `create table task_log (
    id bigint generated always as identity primary key,
    dag_id text not null,
    run_id text not null,
    attempt integer not null,
    task_id text not null,
    try integer not null,
    at timestamptz not null,
    level text not null check (level in ('debug', 'info', 'warn', 'error')),
    message text not null,
    fields jsonb not null default '{}'
  )`,
  `create index task_log_of_try on task_log (dag_id, run_id, task_id, attempt, try, id)`,
];
