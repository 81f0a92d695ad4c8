import { TidegateError } from '../core/errors.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { flightText } from '../core/single-flight.ts';

/** Why a run cannot be had now: another one of its key goes on, or waits. */
export function inFlight(
  dagId: DagId,
  { runId, key }: { readonly runId: RunId; readonly key: string },
): TidegateError {
  return new TidegateError(
    'run_in_flight',
    `DAG ${dagId} has run ${runId} going on or waiting (${flightText(key)}): ask again when it has ended, or cancel it`,
  );
}
