import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import { type DagId, parseRunId, quote, type RunId, runIdByHand } from '../core/ids.ts';
import { type JsonObject, toStorableJson } from '../core/json.ts';
import { type DagRecord, findDag } from '../store/dag-queries.ts';
import { findRun, type RunRecord } from '../store/run-queries.ts';
import { inFlight } from '../temporal/in-flight.ts';
import { requestRun } from '../temporal/request-run.ts';
import type { CreateDagRun } from './contract/dag-runs.ts';
import type { ApiDeps } from './deps.ts';
import { readJsonSchema } from './json-schema.ts';
import { unknownDag, unknownRun } from './request.ts';

/** Prefixes of runs that Tidegate names itself: taking one of their ids would take their place. */
const reservedPrefixes = ['asset__', 'scheduled__', 'deadline__', 'triggered__'];

/** A run that was asked for. */
export interface AcceptedRun {
  readonly run: RunRecord;
  /** Whether the request became part of it while it waited. */
  readonly wasFolded: boolean;
}

/**
 * Requests a run by hand and answers with it as it is stored, or with the run it became part of; it starts when a slot is free and the DAG is
 * not paused.
 * @throws TidegateError `unknown_dag`, `run_exists`, `run_in_flight`, `queue_full`, `invalid_input` when its id or conf is not valid
 */
export async function acceptRun(
  deps: ApiDeps,
  dagId: DagId,
  body: z.output<typeof CreateDagRun>,
): Promise<AcceptedRun> {
  const dag = await requireDeployed(deps, dagId);
  const runId = runIdOf(deps, dagId, body.dag_run_id ?? undefined);
  const conf = body.conf ?? {};
  checkConf(deps, dag, conf);
  const requested = await requestRun(deps, {
    ...{ dagId, runId, trigger: 'manual', conf: toStorableJson(conf, 'conf'), note: body.note ?? null },
    logicalAt: toDate(body.logical_date),
    dataIntervalStartAt: toDate(body.data_interval_start),
    dataIntervalEndAt: toDate(body.data_interval_end),
  });
  if (requested.kind === 'removed') throw removedDag(dagId);
  if (requested.kind === 'exists') {
    throw new TidegateError(
      'run_exists',
      `DAG ${dagId} already has a run ${quote(runId)}: use another dag_run_id`,
    );
  }
  if (requested.kind === 'full') throw fullQueue(dag);
  if (requested.kind === 'in flight') throw inFlight(dagId, requested);
  const wasFolded = requested.kind === 'folded';
  const own = wasFolded ? requested.runId : runId;
  const run = await findRun(deps.db, dagId, own);
  if (run === undefined) throw unknownRun(dagId, own);
  return { run, wasFolded };
}

async function requireDeployed({ db }: ApiDeps, dagId: DagId): Promise<DagRecord> {
  const dag = await findDag(db, dagId);
  if (dag === undefined) throw unknownDag(dagId);
  if (dag.retired_at !== null) throw removedDag(dagId);
  return dag;
}

function removedDag(dagId: DagId): TidegateError {
  return new TidegateError(
    'unknown_dag',
    `DAG ${dagId} was removed from the project: deploy it again to run it`,
  );
}

function fullQueue({ dag_id: dagId, plan: { maxQueuedRuns, maxActiveRuns } }: DagRecord): TidegateError {
  return new TidegateError(
    'queue_full',
    `DAG ${dagId} has ${maxQueuedRuns?.max} runs waiting for one of its ${maxActiveRuns} slots, and maxQueuedRuns allows no more: ask again when some have ended, or raise it`,
  );
}

function runIdOf({ clock }: ApiDeps, dagId: DagId, wanted: string | undefined): RunId {
  if (wanted === undefined) return runIdByHand(clock(), randomBytes(3).toString('hex'));
  const reserved = reservedPrefixes.find((prefix) => wanted.startsWith(prefix));
  if (reserved !== undefined) {
    throw new TidegateError(
      'invalid_input',
      `dag_run_id ${quote(wanted)} is not valid: ids with '${reserved}' belong to runs that Tidegate starts`,
    );
  }
  return parseRunId(dagId, wanted);
}

function checkConf(
  { log }: ApiDeps,
  { dag_id: dagId, plan: { paramsSchema } }: DagRecord,
  conf: JsonObject,
): void {
  const checked = readJsonSchema(paramsSchema, `params of DAG ${dagId}`, log)?.safeParse(conf);
  if (checked?.success !== false) return;
  const issues = checked.error.issues.map(
    ({ path, message }) => `${['conf', ...path.map(String)].join('.')}: ${message}`,
  );
  throw new TidegateError(
    'invalid_input',
    `conf does not meet the params of DAG ${dagId}: ${issues.slice(0, 5).join('; ')}`,
  );
}

function toDate(at: number | null | undefined): Date | null {
  return at === null || at === undefined ? null : new Date(at);
}
