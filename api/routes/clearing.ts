import { Router } from 'express';
import type { TaskClearing } from '../../core/clearing-tasks.ts';
import type { TaskPlan } from '../../core/run-plan.ts';
import type { TaskWish } from '../../core/task-wish.ts';
import { planAttempt } from '../../store/attempts.ts';
import { readRunStory } from '../../store/attempt-queries.ts';
import type { RunRecord } from '../../store/run-queries.ts';
import type { AttemptReason } from '../../store/run-tables.ts';
import { readInstances, readRunTasks, readTriedTasks } from '../../store/task-queries.ts';
import { clearRun } from '../../temporal/clear-run.ts';
import {
  ClearDagRun,
  type ClearedTaskInstances,
  ClearTaskInstances,
  type DagRunAttemptCollection,
} from '../contract/clearing.ts';
import type { TaskInstance } from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { refusedAttempt } from '../refused-attempt.ts';
import { bodyOf } from '../request.ts';
import { toAttempts } from '../wire/attempts.ts';
import { toDagRun } from '../wire/dag-runs.ts';
import { toInstances, toTaskInstances } from '../wire/task-instances.ts';
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

/** Most instances of mapped tasks that one answer lists. */
const maxListed = 1_000;

/** Runs tasks again, or only says which. @throws TidegateError `unknown_run`, `unknown_task`, `run_conflict`, `invalid_input` */
async function clear(deps: ApiDeps, { run, wish, why, asked }: Clearing): Promise<ClearedTaskInstances> {
  const { dag_id: dagId, run_id: runId } = run;
  const wanted = { dagId, runId, seen: asked.attempt, wish };
  const cleared = asked.dry_run
    ? await planAttempt(deps.db, wanted)
    : await clearRun(deps, { ...wanted, who: asked.who, why });
  if (cleared.kind !== 'ready' && cleared.kind !== 'opened' && cleared.kind !== 'already')
    throw refusedAttempt(dagId, runId, cleared);
  // What it left does not change any more.
  const before = { ...run, attempt: cleared.attempt - 1 };
  const tasks = await readRunTasks(deps.db, dagId, run.version);
  const isAgain = new Set(cleared.again);
  const again = tasks.filter(({ id }) => isAgain.has(id));
  const { task_instances, total_entries } = await clearedInstances(deps, before, again, cleared.instances);
  return {
    ...{ task_instances: [...task_instances], total_entries, attempt: cleared.attempt },
    kept_task_ids: tasks.flatMap(({ id }) => (isAgain.has(id) ? [] : [id])),
  };
}

/** Tasks as they were before they run again; mapped ones by their instances where not all of those do. */
async function clearedInstances(
  { db }: ApiDeps,
  run: RunRecord,
  again: readonly TaskPlan[],
  instances: TaskClearing['instances'],
): Promise<{ readonly task_instances: readonly TaskInstance[]; readonly total_entries: number }> {
  const attempt = { dagId: run.dag_id, runId: run.run_id, attempt: run.attempt };
  const tried = await readTriedTasks(db, attempt);
  const task_instances: TaskInstance[] = [];
  let left = maxListed;
  for (const task of again) {
    const indexes = instances[task.id]?.slice(0, left);
    if (indexes === undefined) task_instances.push(...toTaskInstances(run, [task], tried));
    else {
      left -= indexes.length;
      task_instances.push(
        ...toInstances(run, task, indexes, await readInstances(db, attempt, task.id, indexes)),
      );
    }
  }
  const counts = again.map(({ id }) => instances[id]?.length ?? 1);
  return { task_instances, total_entries: counts.reduce((sum, count) => sum + count, 0) };
}
