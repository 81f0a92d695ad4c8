import { sql } from 'kysely';
import { type FlightVerdict, judgeFlight, type RunsOfKey } from '../core/flight-request.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { flightKeyOf, type SingleFlight } from '../core/single-flight.ts';
import { isFoldable } from './folded-requests.ts';
import type { Tx } from './log.ts';
import type { RequestTerms } from './request-terms.ts';
import type { RunRequest } from './requests.ts';
import type { RunRow } from './run-tables.ts';
import { type TimesRow, timesOf } from './run-times.ts';
import { startable } from './startable-runs.ts';

/** What becomes of a request by the key that it is of; `null` is of none. */
export type Flight =
  | { readonly kind: 'take'; readonly key: string | null; readonly waitsForRun: boolean }
  | { readonly kind: 'refuse'; readonly key: string; readonly runId: RunId }
  | { readonly kind: 'fold'; readonly key: string; readonly runId: RunId };

/** What a request comes to by the runs of its key. @throws TidegateError `invalid_input` when it has no key */
export async function findFlight(tx: Tx, request: RunRequest, terms: RequestTerms): Promise<Flight> {
  const { singleFlight } = terms;
  if (singleFlight === null) return { kind: 'take', key: null, waitsForRun: false };
  const { dagId, logicalAt, dataIntervalStartAt, dataIntervalEndAt } = request;
  const conf: JsonObject = JSON.parse(request.conf);
  const key = flightKeyOf(singleFlight, {
    ...{ conf, partitionKey: null, logicalAt: logicalAt?.getTime() ?? null },
    dataIntervalStartAt: dataIntervalStartAt?.getTime() ?? null,
    dataIntervalEndAt: dataIntervalEndAt?.getTime() ?? null,
  });
  const runs = await readRunsOfKey(tx, { dagId, key, terms, trigger: request.trigger });
  const verdict = judgeFlight(singleFlight.policy, runs, { isAgain: false });
  return verdict.kind === 'take'
    ? { kind: 'take', key, waitsForRun: runs.running !== null || runs.waiting !== null }
    : { ...verdict, key };
}

/** What becomes of a run that is to run again, with the key it is of. @throws TidegateError `invalid_input` when it has none */
export async function findFlightAgain(
  tx: Tx,
  run: RunRow,
  terms: RequestTerms & { readonly singleFlight: SingleFlight },
): Promise<FlightVerdict & { readonly key: string }> {
  const key = flightKeyOfRow(terms.singleFlight, run);
  const { dag_id: dagId, trigger } = run;
  const runs = await readRunsOfKey(tx, { dagId, key, terms, trigger });
  return { ...judgeFlight(terms.singleFlight.policy, runs, { isAgain: true }), key };
}

/** The key of a run that there is. @throws TidegateError `invalid_input` when it has none */
export function flightKeyOfRow(
  rule: SingleFlight,
  run: TimesRow & Pick<RunRow, 'conf' | 'partition_key'>,
): string {
  return flightKeyOf(rule, {
    ...{ conf: run.conf, partitionKey: run.partition_key, ...timesOf(run) },
  });
}

interface OfKey {
  readonly dagId: DagId;
  readonly key: string;
  readonly terms: RequestTerms;
  readonly trigger: RunRow['trigger'];
}

async function readRunsOfKey(tx: Tx, { dagId, key, terms, trigger }: OfKey): Promise<RunsOfKey> {
  const ofKey = sql`run r where r.dag_id = ${dagId} and r.flight_key = ${key} and r.state in ('queued', 'running')`;
  const foldable = isFoldable(terms, { trigger: trigger === 'asset' ? 'manual' : trigger });
  const { rows } = await sql<Omit<RunsOfKey, 'isStarting'>>`
    select (select run_id from ${ofKey} and r.admitted_at is not null order by r.number limit 1) as running,
      (select run_id from ${ofKey} and r.admitted_at is null order by r.number limit 1) as waiting,
      (select run_id from ${ofKey} and ${foldable} order by r.number desc limit 1) as foldable`.execute(tx);
  const { running = null, waiting = null, foldable: newest = null } = rows[0] ?? {};
  const isStarting =
    running === null && waiting !== null && (await isAboutToStart(tx, dagId, waiting, terms));
  return { running, waiting, foldable: newest, isStarting };
}

/** Whether a slot is free for a run that waits. */
async function isAboutToStart(
  tx: Tx,
  dagId: DagId,
  runId: RunId,
  { maxActiveRuns }: RequestTerms,
): Promise<boolean> {
  const { rows } = await sql`
    select from (
      select r.run_id from run r where r.dag_id = ${dagId} and ${startable('r')}
      order by r.number limit greatest(0, ${maxActiveRuns}::int - (
        select count(*)::int from run a where a.dag_id = ${dagId} and a.state in ('queued', 'running') and a.admitted_at is not null
      ))
    ) next where next.run_id = ${runId} and not (select is_paused from consumer where dag_id = ${dagId})`.execute(
    tx,
  );
  return rows.length > 0;
}
