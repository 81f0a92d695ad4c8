import { Router } from 'express';
import { listWaits } from '../../store/pool-queries.ts';
import {
  countInstances,
  listInstances,
  listTaskRuns,
  type PlannedTask,
  readRunTasks,
  readTaskLog,
  readTaskRun,
} from '../../store/task-queries.ts';
import {
  type TaskInstanceCollection,
  TaskInstanceQuery,
  TaskLogQuery,
  type TaskLogs,
} from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { queryOf, taskIdOf, tryNumberOf, unknownTask } from '../request.ts';
import { toLogMessage, toMappedTask, toTaskInstance } from '../wire/task-instances.ts';
import { requireRun } from './dag-runs.ts';

/** Lines of one answer unless the whole log is asked for. */
const maxLines = 1_000;

export function taskInstanceRoutes(deps: ApiDeps): Router {
  const router = Router();
  const ofRun = '/dags/:dag_id/dagRuns/:dag_run_id/taskInstances' as const;

  router.get(ofRun, async (request, response) => {
    const { limit, offset } = queryOf(TaskInstanceQuery, request);
    const run = await requireRun(deps, request);
    const { dag_id: dagId, run_id: runId, attempt, version } = run;
    const [tasks, tried, instances] = await Promise.all([
      readRunTasks(deps.db, dagId, version),
      listTaskRuns(deps.db, { dagId, runId, attempt }),
      countInstances(deps.db, { dagId, runId, attempt }),
    ]);
    const isPooled = run.ended_at === null && tasks.some(({ pool }) => pool !== undefined);
    const waits = isPooled ? await listWaits(deps.db, { dagId, runId, attempt }) : [];
    const byTask = new Map(tried.map((row) => [row.task_id, row]));
    const isCalled = ({ id }: PlannedTask) => byTask.has(id) || instances.some((one) => one.task_id === id);
    const shown = tasks.filter((task) => task.isCallback !== true || isCalled(task));
    const page = shown.slice(offset, offset + limit);
    const task_instances = page.map((task) => {
      const counts = instances.filter(({ task_id }) => task_id === task.id);
      const wait = waits.find(({ taskId }) => taskId === task.id);
      return counts.length > 0 || (wait !== undefined && task.shape?.kind === 'mapped')
        ? toMappedTask(run, task, counts, wait)
        : toTaskInstance(run, task, byTask.get(task.id), wait);
    });
    response.json({ task_instances, total_entries: shown.length } satisfies TaskInstanceCollection);
  });

  router.get(`${ofRun}/:task_id/listMapped`, async (request, response) => {
    const { limit, offset } = queryOf(TaskInstanceQuery, request);
    const run = await requireRun(deps, request);
    const { dag_id: dagId, run_id: runId, attempt, version } = run;
    const taskId = taskIdOf(dagId, request.params.task_id);
    const task = (await readRunTasks(deps.db, dagId, version)).find(({ id }) => id === taskId);
    if (task === undefined) throw unknownTask(dagId, taskId);
    const [rows, counts] = await Promise.all([
      listInstances(deps.db, { dagId, runId, attempt }, taskId, { limit, offset }),
      countInstances(deps.db, { dagId, runId, attempt }),
    ]);
    const task_instances = rows.map((row) => toTaskInstance(run, task, row));
    const own = counts.filter(({ task_id }) => task_id === taskId);
    const total_entries = own.reduce((sum, { count }) => sum + count, 0);
    response.json({ task_instances, total_entries } satisfies TaskInstanceCollection);
  });

  router.get(`${ofRun}/:task_id/logs/:try_number`, async (request, response) => {
    const {
      token,
      full_content,
      attempt: wantedAttempt,
      map_index: mapIndex,
    } = queryOf(TaskLogQuery, request);
    const tryNumber = tryNumberOf(request.params.try_number);
    const { dag_id: dagId, run_id: runId, ...run } = await requireRun(deps, request);
    const taskId = taskIdOf(dagId, request.params.task_id);
    const asked = { dagId, runId, attempt: wantedAttempt ?? run.attempt, taskId, mapIndex };
    const [tasks, tried] = await Promise.all([
      readRunTasks(deps.db, dagId, run.version),
      readTaskRun(deps.db, asked),
    ]);
    // Of a task that was kept, the log is where it ran.
    const lines = await readTaskLog(deps.db, {
      ...{ ...asked, attempt: tried?.ran_in ?? asked.attempt, try: tryNumber, after: token ?? 0 },
      limit: full_content ? undefined : maxLines,
    });
    if (!tasks.some(({ id }) => id === taskId)) throw unknownTask(dagId, taskId);
    const content = lines.map(toLogMessage);
    if (request.accepts(['application/json', 'application/x-ndjson']) === 'application/x-ndjson') {
      response.type('application/x-ndjson').send(content.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return;
    }
    const isRunning = tried?.state === 'running' && tried.try === tryNumber;
    const mayGoOn = isRunning || (!full_content && lines.length === maxLines);
    const last = lines.at(-1)?.id ?? token ?? 0;
    response.json({ content, continuation_token: mayGoOn ? String(last) : null } satisfies TaskLogs);
  });

  return router;
}
