import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import type { StepDeed } from '../core/steps.ts';
import type { Tx } from './log.ts';

/** A step as a statement writes it: once, however often it is told, with the last answer of who was let in. @param from - a table that is empty where it is not to be written */
export function noteOf(
  { dagId, epoch, step, since = [] }: Claim,
  counted: Seq,
  { kind, ...detail }: StepDeed,
  from = sql`(select) as always`,
) {
  return sql`
    insert into consumer_step (dag_id, epoch, step, kind, counted, inputs, detail)
    select ${dagId}, ${epoch}, ${step}, ${kind}, ${counted}, ${JSON.stringify(since)}::jsonb, ${JSON.stringify(detail)}::jsonb
    from ${from} on conflict (dag_id, epoch, step) do update set detail = excluded.detail where consumer_step.kind = 'admitted'`;
}

/** Keeps a step of a consumer, for those who go through what it did. */
export async function noteStep(tx: Tx, claim: Claim, counted: Seq, deed: StepDeed): Promise<void> {
  await noteOf(claim, counted, deed).execute(tx);
}
