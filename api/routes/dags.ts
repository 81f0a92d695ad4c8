import { Router } from 'express';
import type { DagId } from '../../core/ids.ts';
import { countDags, type DagRecord, findDag, listDags, readTasks } from '../../store/dag-queries.ts';
import { countDeadlines, listDeadlines } from '../../store/deadlines.ts';
import { readConsumer } from '../../store/gate.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { setPaused } from '../../temporal/control.ts';
import { nextTicks } from '../../temporal/next-ticks.ts';
import { type DagCollection, DagQuery, PatchDag, type TaskCollection } from '../contract/dags.ts';
import { backtest } from '../backtest.ts';
import { CreateBacktest } from '../contract/backtest.ts';
import { type DeadlineCollection, DeadlineQuery } from '../contract/deadlines.ts';
import { type NextRunCollection, NextRunQuery } from '../contract/next-runs.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf, dagIdOf, queryOf, unknownDag } from '../request.ts';
import { toDag, toDagDetails, toNextRun, toTasks } from '../wire/dags.ts';
import { toDeadline } from '../wire/deadlines.ts';
import { toDagGate } from '../wire/gate.ts';

export function dagRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/dags', async (request, response) => {
    const query = queryOf(DagQuery, request);
    const filter = {
      dagIdPattern: query.dag_id_pattern ?? query.dag_display_name_pattern,
      tags: query.tags,
      matchAllTags: query.tags_match_mode === 'all',
      isPaused: query.paused,
      excludeRetired: query.exclude_stale,
      hasImportErrors: query.has_import_errors,
      hasCondition: query.has_asset_schedule,
      assetPattern: query.asset_dependency,
    };
    const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
    const [dags, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listDags(tx, filter, page), await countDags(tx, filter)] as const,
    );
    response.json({ dags: dags.map(toDag), total_entries: total } satisfies DagCollection);
  });

  router.get('/dags/:dag_id', async (request, response) => {
    response.json(toDag(await requireDag(deps, dagIdOf(request.params.dag_id))));
  });

  router.get('/dags/:dag_id/details', async (request, response) => {
    response.json(toDagDetails(await requireDag(deps, dagIdOf(request.params.dag_id))));
  });

  router.patch('/dags/:dag_id', async (request, response) => {
    const { is_paused } = bodyOf(PatchDag, request);
    const { dag_id, retired_at } = await requireDag(deps, dagIdOf(request.params.dag_id));
    // Nothing starts a removed DAG, so there is nothing to pause or to resume.
    if (retired_at !== null) throw unknownDag(dag_id);
    await setPaused(deps, dag_id, is_paused);
    response.json(toDag(await requireDag(deps, dag_id)));
  });

  router.get('/dags/:dag_id/tasks', async (request, response) => {
    const dagId = dagIdOf(request.params.dag_id);
    const tasks = await readTasks(deps.db, dagId);
    if (tasks === undefined) throw unknownDag(dagId);
    response.json({ tasks: toTasks(tasks), total_entries: tasks.length } satisfies TaskCollection);
  });

  router.get('/dags/:dag_id/gate', async (request, response) => {
    const dagId = dagIdOf(request.params.dag_id);
    const current = await readConsumer(deps.db, dagId);
    if (current === undefined) throw unknownDag(dagId);
    response.json(toDagGate(dagId, current));
  });

  router.post('/dags/:dag_id/backtest', async (request, response) => {
    const { until = deps.clock(), ...wish } = bodyOf(CreateBacktest, request);
    response.json(await backtest(deps.db, dagIdOf(request.params.dag_id), { ...wish, until }));
  });

  router.get('/dags/:dag_id/deadlines', async (request, response) => {
    const dagId = dagIdOf(request.params.dag_id);
    const page = queryOf(DeadlineQuery, request);
    await requireDag(deps, dagId);
    const [deadlines, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listDeadlines(tx, dagId, page), await countDeadlines(tx, dagId)] as const,
    );
    response.json({
      deadlines: deadlines.map(toDeadline),
      total_entries: total,
    } satisfies DeadlineCollection);
  });

  router.get('/dags/:dag_id/nextRuns', async (request, response) => {
    const { limit } = queryOf(NextRunQuery, request);
    const { dag_id, is_paused, retired_at } = await requireDag(deps, dagIdOf(request.params.dag_id));
    const ticks = retired_at === null ? await nextTicks(deps, dag_id, limit) : [];
    response.json({
      next_runs: ticks.map(toNextRun),
      is_paused,
    } satisfies NextRunCollection);
  });

  return router;
}

async function requireDag({ db }: ApiDeps, dagId: DagId): Promise<DagRecord> {
  const dag = await findDag(db, dagId);
  if (dag === undefined) throw unknownDag(dagId);
  return dag;
}
