import { Router } from 'express';
import { noteRun } from '../../store/runs.ts';
import { readRunTasks, readTriedTasks } from '../../store/task-queries.ts';
import { markRun } from '../../temporal/mark-run.ts';
import { markTask } from '../../temporal/mark-task.ts';
import { PatchDagRun, PatchTaskInstance } from '../contract/marking.ts';
import type { TaskInstanceCollection } from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { refusedMapped, refusedMark } from '../refused-attempt.ts';
import { bodyOf, taskIdOf, unknownRun } from '../request.ts';
import { toDagRun } from '../wire/dag-runs.ts';
import { toTaskInstances } from '../wire/task-instances.ts';
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
    const { new_state: state, note, who } = bodyOf(PatchTaskInstance, request);
    const run = await requireRun(deps, request);
    const { dag_id: dagId, run_id: runId, attempt, version } = run;
    const taskId = taskIdOf(dagId, request.params.task_id);
    const marked = await markTask(deps, { dagId, runId, taskId, who, note: note ?? null, state });
    if (marked.kind === 'open') throw refusedMark(dagId, runId, marked.state);
    if (marked.kind === 'mapped') throw refusedMapped(dagId, runId, taskId);
    if (marked.kind === 'unknown') throw unknownRun(dagId, runId);
    const [tasks, tried] = await Promise.all([
      readRunTasks(deps.db, dagId, version),
      readTriedTasks(deps.db, { dagId, runId, attempt }),
    ]);
    const marking = tasks.filter(({ id }) => id === taskId);
    const task_instances = [...toTaskInstances(run, marking, tried)];
    response.json({ task_instances, total_entries: task_instances.length } satisfies TaskInstanceCollection);
  });

  return router;
}
