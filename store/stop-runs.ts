import { sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Claim } from '../core/claim.ts';
import { flightText } from '../core/single-flight.ts';
import { parseSlot, type Slot, slotOf } from '../core/slot.ts';
import type { RunId } from '../core/ids.ts';
import { takeStep } from './claim.ts';
import type { Db } from './database.ts';
import { noteStep } from './steps.ts';

/** Runs that are to make way for newer ones of their key. */
export interface RunsToStop extends Claim {
  /** How far the consumer had counted. */
  readonly counted: Seq;
  readonly slots: readonly Slot[];
  /** Whether also those that requested runs wait for. */
  readonly looks: boolean;
}

/** What became of it, with all that are to stop; some may have been told before. */
export type StoppedRuns =
  | { readonly kind: 'stale' }
  | { readonly kind: 'stopped'; readonly slots: readonly Slot[] };

/** Writes down that runs are to stop: from now on a sweep tells them, whatever happens to this process, and they end with that reason. */
export async function stopRuns(
  db: Db,
  { counted, slots, looks, ...claim }: RunsToStop,
): Promise<StoppedRuns> {
  return db.transaction().execute(async (tx): Promise<StoppedRuns> => {
    if (!(await takeStep(tx, claim, { kind: 'stopped', counted }))) return { kind: 'stale' };
    const { dagId } = claim;
    const named = slots.map(parseSlot);
    const { rows } = await sql<{ run_id: RunId; attempt: number; flight_key: string; is_told: boolean }>`
      select r.run_id, r.attempt, r.flight_key, r.wanted_state is not null as is_told from run r
      where r.dag_id = ${dagId} and r.state in ('queued', 'running') and r.admitted_at is not null and r.flight_key is not null and (
        (r.run_id, r.attempt) in (
          select * from unnest(${named.map(({ runId }) => runId)}::text[], ${named.map(({ attempt }) => attempt)}::int[])
        ) or (${looks}::boolean and exists (
          select from run w where w.dag_id = r.dag_id and w.flight_key = r.flight_key and w.state = 'queued' and w.admitted_at is null
        ))
      ) order by r.number for update`.execute(tx);
    for (const { run_id: runId, flight_key: key } of rows.filter(({ is_told }) => !is_told)) {
      await tx
        .updateTable('run')
        .set({ wanted_state: 'failed', wanted_reason: `cancelled for a newer run (${flightText(key)})` })
        .where('dag_id', '=', dagId)
        .where('run_id', '=', runId)
        .execute();
    }
    const stopped = rows.map(({ run_id, attempt }) => slotOf(run_id, attempt));
    await noteStep(tx, claim, counted, { kind: 'stopped', runIds: stopped });
    return { kind: 'stopped', slots: stopped };
  });
}
