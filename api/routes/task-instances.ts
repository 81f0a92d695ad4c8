import { Router } from 'express';
import { listWaits } from '../../store/pool-queries.ts';
import {
  countInstances,
  listInstances,
  readShownTasks,
  readTaskLog,
  readTaskRun,
  readTriedTasks,
} from '../../store/task-queries.ts';
import {
  type TaskInstanceCollection,
  TaskInstanceQuery,
  TaskLogQuery,
  type TaskLogs,
} from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { queryOf, taskIdOf, tryNumberOf, unknownTask } from '../request.ts';
import { toLogMessage, toTaskInstance, toTaskInstances } from '../wire/task-instances.ts';
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
    const [tasks, tried] = await Promise.all([
      readShownTasks(deps.db, { dagId, runId, attempt }, version),
      readTriedTasks(deps.db, { dagId, runId, attempt }),
    ]);
    const isPooled = run.ended_at === null && tasks.some(({ pool }) => pool !== undefined);
    const waits = isPooled ? await listWaits(deps.db, { dagId, runId, attempt }) : [];
    const page = tasks.slice(offset, offset + limit);
    const task_instances = [...toTaskInstances(run, page, { ...tried, waits })];
    response.json({ task_instances, total_entries: tasks.length } satisfies TaskInstanceCollection);
  });

  router.get(`${ofRun}/:task_id/listMapped`, async (request, response) => {
    const { limit, offset } = queryOf(TaskInstanceQuery, request);
    const run = await requireRun(deps, request);
    const { dag_id: dagId, run_id: runId, attempt, version } = run;
    const taskId = taskIdOf(dagId, request.params.task_id);
    const tasks = await readShownTasks(deps.db, { dagId, runId, attempt }, version);
    const task = tasks.find(({ id }) => id === taskId);
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
      readShownTasks(deps.db, asked, run.version),
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
