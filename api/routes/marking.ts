import { type Request, Router } from 'express';
import { noteRun } from '../../store/runs.ts';
import { readInstances, readRunTasks, readTriedTasks } from '../../store/task-queries.ts';
import { markRun } from '../../temporal/mark-run.ts';
import { markTask } from '../../temporal/mark-task.ts';
import { PatchDagRun, PatchTaskInstance } from '../contract/marking.ts';
import type { TaskInstanceCollection } from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { refusedMapped, refusedMark } from '../refused-attempt.ts';
import { bodyOf, mapIndexOf, taskIdOf, unknownRun } from '../request.ts';
import { toDagRun } from '../wire/dag-runs.ts';
import { toInstances, toTaskInstances } from '../wire/task-instances.ts';
import { requireRun } from './dag-runs.ts';

export function markingRoutes(deps: ApiDeps): Router {
  const router = Router();
  const ofRun = '/dags/:dag_id/dagRuns/:dag_run_id' as const;

  router.patch(ofRun, async (request, response) => {
    const { state, note, who } = bodyOf(PatchDagRun, request);
    const { dag_id: dagId, run_id: runId } = await requireRun(deps, request);
    if (note !== undefined) await noteRun(deps.db, dagId, runId, note);
    const wanted = state ?? undefined;
    if (wanted !== undefined) await markRun(deps, { dagId, runId, who, note: note ?? null, state: wanted });
    response.json(toDagRun(await requireRun(deps, request), deps, null));
  });

  router.patch(`${ofRun}/taskInstances/:task_id`, async (request, response) => {
    response.json(await markInstances(deps, request));
  });

  router.patch(`${ofRun}/taskInstances/:task_id/:map_index`, async (request, response) => {
    response.json(await markInstances(deps, request, mapIndexOf(request.params.map_index)));
  });

  return router;
}

/** Marks a task as a whole, or one instance of it. @throws TidegateError `unknown_run`, `unknown_task`, `run_conflict`, `invalid_input` */
async function markInstances(
  deps: ApiDeps,
  request: Request<{ dag_id: string; dag_run_id: string; task_id: string }>,
  mapIndex?: number,
): Promise<TaskInstanceCollection> {
  const { new_state: state, note, who } = bodyOf(PatchTaskInstance, request);
  const run = await requireRun(deps, request);
  const { dag_id: dagId, run_id: runId, attempt, version } = run;
  const taskId = taskIdOf(dagId, request.params.task_id);
  const marked = await markTask(deps, { dagId, runId, taskId, mapIndex, who, note: note ?? null, state });
  if (marked.kind === 'open') throw refusedMark(dagId, runId, marked.state);
  if (marked.kind === 'mapped') throw refusedMapped(dagId, runId, taskId);
  if (marked.kind === 'unknown') throw unknownRun(dagId, runId);
  const [tasks, tried, instances] = await Promise.all([
    readRunTasks(deps.db, dagId, version),
    readTriedTasks(deps.db, { dagId, runId, attempt }),
    mapIndex === undefined ? [] : readInstances(deps.db, { dagId, runId, attempt }, taskId, [mapIndex]),
  ]);
  const task_instances = tasks
    .filter(({ id }) => id === taskId)
    .flatMap((task) =>
      mapIndex === undefined
        ? toTaskInstances(run, [task], tried)
        : toInstances(run, task, [mapIndex], instances),
    );
  return { task_instances, total_entries: task_instances.length };
}
