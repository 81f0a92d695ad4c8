import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { Pruned, PruneStep } from './pruning.ts';

const stepsAtOnce = 5_000;

/** Deletes the steps of lives of consumers that a later life followed long ago; those of the present life stay, whatever their age. */
export async function pruneSteps(db: Db, { before, isDry }: PruneStep): Promise<Pruned> {
  const old = sql`
    select s.dag_id, s.epoch, s.step from consumer c cross join lateral (
      select max(epoch) as epoch from consumer_step n
      where n.dag_id = c.dag_id and n.kind = 'claimed' and n.at < ${before}::timestamptz and n.epoch <= c.epoch
    ) life join consumer_step s on s.dag_id = c.dag_id and s.epoch < life.epoch`;
  if (isDry) {
    const { rows } = await sql<{
      consumer_step: number;
    }>`select count(*) as consumer_step from (${old}) old`.execute(db);
    return { removed: rows[0] ?? {} };
  }
  const { rows } = await sql<{ consumer_step: number }>`
    with doomed as (${old} limit ${stepsAtOnce}), gone as (
      delete from consumer_step t using doomed d
      where t.dag_id = d.dag_id and t.epoch = d.epoch and t.step = d.step returning 1
    ), noted as (
      update project set steps_pruned_before = greatest(steps_pruned_before, ${before}::timestamptz) where exists (select from doomed)
    )
    select count(*) as consumer_step from gone`.execute(db);
  const removed = rows[0] ?? { consumer_step: 0 };
  return { removed, ...(removed.consumer_step < stepsAtOnce ? {} : { next: [] }) };
}
