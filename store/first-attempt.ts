import { sql } from 'kysely';

/** Runs as their first attempts were, which took their events: when they run again changes nothing of it. */
export const firstAttempts = sql`(
  select run.dag_id, run.run_id, run.number, run.trigger, run.partition_key, run.queued_at, run.folded,
    case when second.attempt is null then run.admitted_at else second.last_admitted_at end as admitted_at,
    case when second.attempt is null then run.ended_at else second.last_ended_at end as ended_at
  from run left join run_attempt second
    on second.dag_id = run.dag_id and second.run_id = run.run_id and second.attempt = 2
)`;
