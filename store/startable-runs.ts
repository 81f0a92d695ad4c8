import { sql } from 'kysely';

/** Whether a run goes on that has the key of the one in the table of this name. */
export function isHeldBack(table: string) {
  const run = sql.ref(table);
  return sql<boolean>`(${run}.flight_key is not null and exists (
    select from run held where held.dag_id = ${run}.dag_id and held.flight_key = ${run}.flight_key
      and held.state in ('queued', 'running') and held.admitted_at is not null
  ))`;
}

/** Whether the run in the table of this name waits for nothing but a slot: none of its key goes on, or waits for one since earlier. */
export function startable(table: string) {
  const run = sql.ref(table);
  return sql<boolean>`(${run}.state = 'queued' and ${run}.admitted_at is null and (${run}.flight_key is null or not exists (
    select from run other where other.dag_id = ${run}.dag_id and other.flight_key = ${run}.flight_key
      and other.state in ('queued', 'running') and (other.admitted_at is not null or other.number < ${run}.number)
  )))`;
}
