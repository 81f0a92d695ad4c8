import { sql } from 'kysely';
import type { HeldBack, WhichRequests } from '../core/flights.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { slotOf } from '../core/slot.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** The oldest requested run that waits for the end of another one of its key; `null` where none does. */
export async function findHeldBack(
  db: Db | Tx,
  dagId: DagId,
  which?: WhichRequests,
): Promise<HeldBack | null> {
  const isTick = sql`(w.trigger = 'scheduled' and w.attempt = 1)`;
  const wanted = which === undefined ? sql`true` : which === 'ticks' ? isTick : sql`not ${isTick}`;
  const { rows } = await sql<{ run_id: RunId; key: string; by: RunId; attempt: number }>`
    select next.run_id, held.flight_key as key, held.run_id as by, held.attempt from run held cross join lateral (
      select w.run_id, w.number from run w where w.dag_id = held.dag_id and w.flight_key = held.flight_key
        and w.state = 'queued' and w.admitted_at is null and ${wanted}
      order by w.number limit 1
    ) next
    where held.dag_id = ${dagId} and held.state in ('queued', 'running') and held.admitted_at is not null and held.flight_key is not null
    order by next.number limit 1`.execute(db);
  const [row] = rows;
  return row === undefined ? null : { runId: row.run_id, by: slotOf(row.by, row.attempt), key: row.key };
}
