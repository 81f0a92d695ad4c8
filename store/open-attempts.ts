import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';

/** Which of these attempts of runs have not ended. @returns whether one of them is */
export async function readOpenAttempts(
  db: Db,
  attempts: readonly RunAttempt[],
): Promise<(attempt: RunAttempt) => boolean> {
  const { rows } = await sql<{ readonly dag_id: string; readonly run_id: string; readonly attempt: number }>`
    select dag_id, run_id, attempt from run
    where ended_at is null and (dag_id, run_id) in (
      select * from unnest(${attempts.map(({ dagId }) => dagId)}::text[], ${attempts.map(({ runId }) => runId)}::text[])
    )`.execute(db);
  const open = new Set(rows.map((row) => JSON.stringify([row.dag_id, row.run_id, row.attempt])));
  return ({ dagId, runId, attempt }) => open.has(JSON.stringify([dagId, runId, attempt]));
}
