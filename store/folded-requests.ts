import { sql } from 'kysely';
import type { DagId, RunId } from '../core/ids.ts';
import type { Tx } from './log.ts';
import type { RequestTerms } from './request-terms.ts';
import type { RunRequest } from './requests.ts';

/** Which of the runs that wait in the table `r` may stand for a request: no run that runs again, and where ticks wait for assets, none of the other kind. */
export function isFoldable(
  { ticksWait }: Pick<RequestTerms, 'ticksWait'>,
  { trigger }: Pick<RunRequest, 'trigger'>,
) {
  return sql<boolean>`r.state = 'queued' and r.admitted_at is null and r.attempt = 1
    and (not ${ticksWait}::boolean or (r.trigger = 'scheduled') = ${trigger === 'scheduled'}::boolean)`;
}

/** The run that a request of this id became part of before. */
export async function findFolded(tx: Tx, dagId: DagId, requestId: RunId): Promise<RunId | undefined> {
  const row = await tx
    .selectFrom('run_fold')
    .select('run_id')
    .where('dag_id', '=', dagId)
    .where('request_id', '=', requestId)
    .executeTakeFirst();
  return row?.run_id;
}

/**
 * Makes a request part of a run that waits: it gets the conf of this request, its note where it has one, and its interval is of both.
 * @returns whether the run still waits
 */
export async function foldInto(
  tx: Tx,
  runId: RunId,
  { dagId, runId: requestId, conf, note, logicalAt, dataIntervalStartAt, dataIntervalEndAt }: RunRequest,
): Promise<boolean> {
  const { rows } = await sql`
    with folded as (
      update run set conf = ${conf}::jsonb, note = coalesce(${note}, note), folded = folded + 1,
        logical_at = least(logical_at, ${logicalAt}::timestamptz),
        data_interval_start_at = least(data_interval_start_at, ${dataIntervalStartAt}::timestamptz),
        data_interval_end_at = greatest(data_interval_end_at, ${dataIntervalEndAt}::timestamptz)
      where dag_id = ${dagId} and run_id = ${runId} and state = 'queued' and admitted_at is null and attempt = 1
      returning dag_id, run_id
    )
    insert into run_fold (dag_id, request_id, run_id) select dag_id, ${requestId}, run_id from folded returning run_id`.execute(
    tx,
  );
  return rows.length > 0;
}
