import { sql } from 'kysely';
import type { Definition } from '../core/definition.ts';
import { TidegateError } from '../core/errors.ts';
import type { Flights } from '../core/flights.ts';
import type { DagId } from '../core/ids.ts';
import type { SingleFlight } from '../core/single-flight.ts';
import { flightsOf, openRunsOf } from './claim.ts';
import { flightKeyOfRow } from './flight-requests.ts';
import type { Tx } from './log.ts';

/** Gives the open runs of a DAG the keys that they have by a definition which comes into force. @returns those that are held now */
export async function rekeyRuns(
  tx: Tx,
  dagId: DagId,
  { singleFlight }: Pick<Definition, 'singleFlight'>,
): Promise<Pick<Flights, 'flights'>> {
  const open = tx
    .selectFrom('run')
    .select(['run_id', 'flight_key', 'conf', 'partition_key', 'logical_at'])
    .select(['data_interval_start_at', 'data_interval_end_at'])
    .where('dag_id', '=', dagId)
    .where('state', 'in', ['queued', 'running']);
  const runs = await (singleFlight === undefined ? open.where('flight_key', 'is not', null) : open).execute();
  const moved = runs
    .map((run) => ({ runId: run.run_id, was: run.flight_key, key: keyOf(singleFlight, run) }))
    .filter(({ was, key }) => was !== key);
  if (moved.length > 0) {
    await sql`
      update run set flight_key = moved.key
      from unnest(${moved.map(({ runId }) => runId)}::text[], ${moved.map(({ key }) => key)}::text[]) as moved (run_id, key)
      where run.dag_id = ${dagId} and run.run_id = moved.run_id`.execute(tx);
  }
  if (singleFlight === undefined) return {};
  return flightsOf(true, (await openRunsOf(tx, dagId, 1)).admitted);
}

/** One that was asked for before and lacks a value goes on without a key. */
function keyOf(rule: SingleFlight | undefined, run: Parameters<typeof flightKeyOfRow>[1]): string | null {
  if (rule === undefined) return null;
  try {
    return flightKeyOfRow(rule, run);
  } catch (error) {
    if (error instanceof TidegateError) return null;
    throw error;
  }
}
