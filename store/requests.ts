import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { findFlight } from './flight-requests.ts';
import { findFolded, foldInto } from './folded-requests.ts';
import type { Tx } from './log.ts';
import { dropOldest, findRoom } from './queue-limit.ts';
import { lockRequests, readRequestTerms } from './request-terms.ts';
import { holdDag, readRun } from './runs.ts';
import type { RunTrigger } from './run-tables.ts';

/** What became of a request for a run. */
export type Requested =
  | { readonly kind: 'requested' | 'exists' | 'removed' | 'full' }
  /** It is part of a run that waits, or that waited when the same was asked for before. */
  | { readonly kind: 'folded'; readonly runId: RunId }
  /** A run of its key goes on or waits, and the DAG skips what comes then. */
  | { readonly kind: 'in flight'; readonly runId: RunId; readonly key: string };

/** A run that somebody or some tick asks for. */
export interface RunRequest {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly trigger: Exclude<RunTrigger, 'asset'>;
  /** `conf` as JSON text. */
  readonly conf: string;
  readonly note: string | null;
  readonly logicalAt: Date | null;
  readonly dataIntervalStartAt: Date | null;
  readonly dataIntervalEndAt: Date | null;
}

/**
 * Writes a requested run as queued. Asking again for the same run writes nothing, and so does asking for one of a removed DAG, or of one whose
 * queue is full and rejects, or that skips because a run of the key goes on.
 * @throws TidegateError `invalid_input` when the DAG's singleFlight has no key for it
 */
export async function requestRun(db: Db, request: RunRequest): Promise<Requested> {
  return db.transaction().execute((tx) => insertRequest(tx, request));
}

/** The same as part of something that is written with it. */
export async function insertRequest(tx: Tx, request: RunRequest): Promise<Requested> {
  const { dagId, runId } = request;
  if (!(await holdDag(tx, dagId))) return { kind: 'removed' };
  const terms = await readRequestTerms(tx, dagId);
  if (terms === null)
    return (await insertRun(tx, request, null)) ? { kind: 'requested' } : { kind: 'exists' };

  await lockRequests(tx, dagId);
  if ((await readRun(tx, dagId, runId)) !== undefined) return { kind: 'exists' };
  const before = await findFolded(tx, dagId, runId);
  if (before !== undefined) return { kind: 'folded', runId: before };
  // What it would become part of may be let in meanwhile: then fewer wait, and it is judged anew.
  for (;;) {
    const flight = await findFlight(tx, request, terms);
    if (flight.kind === 'refuse') return { kind: 'in flight', runId: flight.runId, key: flight.key };
    const { key } = flight;
    const room = flight.kind === 'fold' ? flight : await findRoom(tx, request, { ...terms, ...flight });
    if (room.kind === 'reject') return { kind: 'full' };
    if (room.kind === 'fold') {
      if (await foldInto(tx, room.runId, request)) return { kind: 'folded', runId: room.runId };
      continue;
    }
    if (!(await insertRun(tx, request, key))) return { kind: 'exists' };
    if (room.kind === 'drop') await dropOldest(tx, dagId, room);
    return { kind: 'requested' };
  }
}

/** @returns whether there was none of this id */
async function insertRun(tx: Tx, request: RunRequest, flightKey: string | null): Promise<boolean> {
  const { dagId, runId, trigger, conf, note, logicalAt, dataIntervalStartAt, dataIntervalEndAt } = request;
  const row = await tx
    .insertInto('run')
    .values({
      ...{ dag_id: dagId, run_id: runId, state: 'queued', trigger, conf, note, logical_at: logicalAt },
      ...{ data_interval_start_at: dataIntervalStartAt, data_interval_end_at: dataIntervalEndAt },
      ...(flightKey === null ? {} : { flight_key: flightKey }),
    })
    .onConflict((conflict) => conflict.columns(['dag_id', 'run_id']).doNothing())
    .returning('run_id')
    .executeTakeFirst();
  return row !== undefined;
}
