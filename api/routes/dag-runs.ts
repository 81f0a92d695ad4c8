import { type Request, Router } from 'express';
import type { z } from 'zod';
import { whyWaiting } from '../../core/pool-waiting.ts';
import { findDag } from '../../store/dag-queries.ts';
import { listConsumedEvents } from '../../store/event-queries.ts';
import { listWaits } from '../../store/pool-queries.ts';
import { countRuns, findRun, listRuns, type RunFilter, type RunRecord } from '../../store/run-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { cancelRun } from '../../temporal/control.ts';
import { NamespaceRetention } from '../../temporal/namespace-retention.ts';
import { acceptRun } from '../accept-run.ts';
import type { AssetEventCollection } from '../contract/asset-events.ts';
import {
  CreateDagRun,
  type DagRunCollection,
  DagRunQuery,
  type RequestedDagRun,
  UpstreamEventQuery,
} from '../contract/dag-runs.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf, dagIdOf, queryOf, runIdOf, unknownDag, unknownRun } from '../request.ts';
import { toAssetEvent } from '../wire/asset-events.ts';
import { toDagRun, toTrigger } from '../wire/dag-runs.ts';
import { rangeOf } from '../wire/instants.ts';

/** Stands for every DAG where runs are listed, as in Airflow. */
const everyDag = '~';

export function dagRunRoutes(deps: ApiDeps): Router {
  const router = Router();
  const history = new NamespaceRetention(deps.temporal);
  const shown = async (run: RunRecord) => toDagRun(run, deps, await history.read());

  router.post('/dags/:dag_id/dagRuns', async (request, response) => {
    const body = bodyOf(CreateDagRun, request);
    const { run, wasFolded } = await acceptRun(deps, dagIdOf(request.params.dag_id), body);
    response.json({ ...(await shown(run)), was_folded: wasFolded } satisfies RequestedDagRun);
  });

  router.get('/dags/:dag_id/dagRuns', async (request, response) => {
    const query = queryOf(DagRunQuery, request);
    const filter = filterOf(query, request.params.dag_id);
    const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
    if (filter.dagId !== undefined && (await findDag(deps.db, filter.dagId)) === undefined) {
      throw unknownDag(filter.dagId);
    }
    const [runs, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listRuns(tx, filter, page), await countRuns(tx, filter)] as const,
    );
    const dag_runs = await Promise.all(runs.map(shown));
    response.json({ dag_runs, total_entries: total } satisfies DagRunCollection);
  });

  router.get('/dags/:dag_id/dagRuns/:dag_run_id', async (request, response) => {
    const run = await requireRun(deps, request);
    const waitsFor = await whyRunWaits(deps, run);
    response.json(toDagRun(run, deps, await history.read(), waitsFor));
  });

  router.get('/dags/:dag_id/dagRuns/:dag_run_id/upstreamAssetEvents', async (request, response) => {
    const page = queryOf(UpstreamEventQuery, request);
    const run = await requireRun(deps, request);
    const events = await listConsumedEvents(deps.db, run.dag_id, run.run_id, page);
    const asset_events = events.map(toAssetEvent);
    response.json({ asset_events, total_entries: run.consumed_event_count } satisfies AssetEventCollection);
  });

  router.post('/dags/:dag_id/dagRuns/:dag_run_id/cancel', async (request, response) => {
    const { dag_id: dagId, run_id: runId, attempt, state } = await requireRun(deps, request);
    // What has ended stays as it ended, so that asking twice is as good as once.
    if (state === 'queued' || state === 'running') await cancelRun(deps, { dagId, runId, attempt });
    response.status(202).json(await shown(await requireRun(deps, request)));
  });

  return router;
}

/** What keeps back a run that waits for a pool as a whole. */
async function whyRunWaits({ db }: ApiDeps, run: RunRecord): Promise<string | null> {
  const { dag_id: dagId, run_id: runId, attempt, state, admitted_at } = run;
  if (state !== 'queued' || admitted_at === null) return null;
  const waits = await listWaits(db, { dagId, runId, attempt });
  const own = waits.find(({ taskId }) => taskId === undefined);
  return own === undefined ? null : whyWaiting(own);
}

/** @throws TidegateError `unknown_run` when the DAG has no such run */
export async function requireRun(
  deps: ApiDeps,
  { params }: Request<{ dag_id: string; dag_run_id: string }>,
): Promise<RunRecord> {
  return requireRunOf(deps, params.dag_id, params.dag_run_id);
}

/** The same of a run that is named elsewhere than in the path. */
export async function requireRunOf({ db }: ApiDeps, dag: string, run_id: string): Promise<RunRecord> {
  const dagId = dagIdOf(dag);
  const runId = runIdOf(dagId, run_id);
  const run = await findRun(db, dagId, runId);
  if (run !== undefined) return run;
  throw (await findDag(db, dagId)) === undefined ? unknownDag(dagId) : unknownRun(dagId, runId);
}

function filterOf(query: z.output<typeof DagRunQuery>, dagId: string): RunFilter {
  return {
    dagId: dagId === everyDag ? undefined : dagIdOf(dagId),
    states: query.state,
    triggers: query.run_type?.map(toTrigger),
    runIdPattern: query.run_id_pattern,
    assetPattern: query.consuming_asset_pattern,
    runAfter: rangeOf(query, 'run_after'),
    logicalAt: rangeOf(query, 'logical_date'),
    startedAt: rangeOf(query, 'start_date'),
    endedAt: rangeOf(query, 'end_date'),
  };
}
