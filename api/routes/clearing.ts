import { Router } from 'express';
import type { TaskWish } from '../../core/clearing-tasks.ts';
import { planAttempt } from '../../store/attempts.ts';
import { readRunStory } from '../../store/attempt-queries.ts';
import type { RunRecord } from '../../store/run-queries.ts';
import type { AttemptReason } from '../../store/run-tables.ts';
import { readRunTasks, readTriedTasks } from '../../store/task-queries.ts';
import { clearRun } from '../../temporal/clear-run.ts';
import {
  ClearDagRun,
  type ClearedTaskInstances,
  ClearTaskInstances,
  type DagRunAttemptCollection,
} from '../contract/clearing.ts';
import type { ApiDeps } from '../deps.ts';
import { refusedAttempt } from '../refused-attempt.ts';
import { bodyOf } from '../request.ts';
import { toAttempts } from '../wire/attempts.ts';
import { toDagRun } from '../wire/dag-runs.ts';
import { toTaskInstances } from '../wire/task-instances.ts';
import { requireRun, requireRunOf } from './dag-runs.ts';

/** What a request wants to run again. */
interface Clearing {
  readonly run: RunRecord;
  readonly wish: TaskWish;
  readonly why: AttemptReason;
  readonly asked: { readonly dry_run: boolean; readonly attempt?: number | undefined; readonly who: string };
}

export function clearingRoutes(deps: ApiDeps): Router {
  const router = Router();
  const ofRun = '/dags/:dag_id/dagRuns/:dag_run_id' as const;

  router.post('/dags/:dag_id/clearTaskInstances', async (request, response) => {
    const body = bodyOf(ClearTaskInstances, request);
    const run = await requireRunOf(deps, request.params.dag_id, body.dag_run_id);
    const wish: TaskWish = {
      tasks: body.task_ids ?? null,
      ...{ downstream: body.include_downstream, upstream: body.include_upstream },
      onlyFailed: body.only_failed,
    };
    response.json(await clear(deps, { run, wish, why: 'clear', asked: body }));
  });

  router.post(`${ofRun}/clear`, async (request, response) => {
    const body = bodyOf(ClearDagRun, request);
    const run = await requireRun(deps, request);
    const onlyFailed = body.only_failed;
    const wish: TaskWish = { tasks: null, downstream: false, upstream: false, onlyFailed };
    const why = onlyFailed ? 'retry' : 're-run';
    const cleared = await clear(deps, { run, wish, why, asked: body });
    // As in Airflow: what would run while it only says so, else the run.
    response.json(body.dry_run ? cleared : toDagRun(await requireRun(deps, request), deps, null));
  });

  router.get(`${ofRun}/attempts`, async (request, response) => {
    const run = await requireRun(deps, request);
    const attempts = toAttempts(run, await readRunStory(deps.db, run.dag_id, run.run_id));
    response.json({
      ...{ attempts: [...attempts], total_entries: attempts.length },
    } satisfies DagRunAttemptCollection);
  });

  return router;
}

/** Runs tasks again, or only says which. @throws TidegateError `unknown_run`, `unknown_task`, `run_conflict` */
async function clear(deps: ApiDeps, { run, wish, why, asked }: Clearing): Promise<ClearedTaskInstances> {
  const { dag_id: dagId, run_id: runId, attempt, version } = run;
  const [tasks, tried] = await Promise.all([
    readRunTasks(deps.db, dagId, version),
    readTriedTasks(deps.db, { dagId, runId, attempt }),
  ]);
  const wanted = { dagId, runId, seen: asked.attempt, wish };
  const cleared = asked.dry_run
    ? await planAttempt(deps.db, wanted)
    : await clearRun(deps, { ...wanted, who: asked.who, why });
  if (cleared.kind !== 'ready' && cleared.kind !== 'opened' && cleared.kind !== 'already')
    throw refusedAttempt(dagId, runId, cleared);
  const isAgain = new Set(cleared.again);
  const again = tasks.filter(({ id }) => isAgain.has(id));
  const task_instances = [...toTaskInstances(run, again, tried)];
  return {
    ...{ task_instances, total_entries: task_instances.length, attempt: cleared.attempt },
    kept_task_ids: tasks.flatMap(({ id }) => (isAgain.has(id) ? [] : [id])),
  };
}
