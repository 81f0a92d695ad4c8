import { sql } from 'kysely';
import type { RunId } from '../core/ids.ts';
import { flightText } from '../core/single-flight.ts';
import type { Tx } from './log.ts';
import type { RunRequest } from './requests.ts';

/** Writes down a tick that is skipped, as a run that failed without having started: it is seen, says why, and may be run by hand after all. */
export async function insertSkipped(
  tx: Tx,
  { dagId, runId, trigger, conf, logicalAt, dataIntervalStartAt, dataIntervalEndAt }: RunRequest,
  { runId: other, key }: { readonly runId: RunId; readonly key: string },
): Promise<void> {
  await tx
    .insertInto('run')
    .values({
      ...{ dag_id: dagId, run_id: runId, state: 'failed', trigger, conf, logical_at: logicalAt },
      ...{ data_interval_start_at: dataIntervalStartAt, data_interval_end_at: dataIntervalEndAt },
      ...{ flight_key: key, ended_at: sql<Date>`clock()`, is_close_reported: true },
      reason: `skipped: run ${other} went on or waited (${flightText(key)})`,
    })
    .execute();
}
