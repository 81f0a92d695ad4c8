import { Router } from 'express';
import { listTaskRuns, readRunTasks, readTaskLog } from '../../store/task-queries.ts';
import {
  type TaskInstanceCollection,
  TaskInstanceQuery,
  TaskLogQuery,
  type TaskLogs,
} from '../contract/task-instances.ts';
import type { ApiDeps } from '../deps.ts';
import { queryOf, taskIdOf, tryNumberOf, unknownTask } from '../request.ts';
import { toLogMessage, toTaskInstance } from '../wire/task-instances.ts';
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
      readRunTasks(deps.db, dagId, version),
      listTaskRuns(deps.db, { dagId, runId, attempt }),
    ]);
    const byTask = new Map(tried.map((row) => [row.task_id, row]));
    const page = tasks.slice(offset, offset + limit);
    const task_instances = page.map((task) => toTaskInstance(run, task, byTask.get(task.id)));
    response.json({ task_instances, total_entries: tasks.length } satisfies TaskInstanceCollection);
  });

  router.get(`${ofRun}/:task_id/logs/:try_number`, async (request, response) => {
    const { token, full_content, attempt: wantedAttempt } = queryOf(TaskLogQuery, request);
    const tryNumber = tryNumberOf(request.params.try_number);
    const { dag_id: dagId, run_id: runId, ...run } = await requireRun(deps, request);
    const taskId = taskIdOf(dagId, request.params.task_id);
    const [tasks, tried] = await Promise.all([
      readRunTasks(deps.db, dagId, run.version),
      listTaskRuns(deps.db, { dagId, runId, attempt: wantedAttempt ?? run.attempt }),
    ]);
    // Of a task that was kept, the log is where it ran.
    const attempt = tried.find(({ task_id }) => task_id === taskId)?.ran_in ?? wantedAttempt ?? run.attempt;
    const lines = await readTaskLog(deps.db, {
      ...{ dagId, runId, attempt, taskId, try: tryNumber, after: token ?? 0 },
      limit: full_content ? undefined : maxLines,
    });
    if (!tasks.some(({ id }) => id === taskId)) throw unknownTask(dagId, taskId);
    const content = lines.map(toLogMessage);
    if (request.accepts(['application/json', 'application/x-ndjson']) === 'application/x-ndjson') {
      response.type('application/x-ndjson').send(content.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return;
    }
    const isRunning = tried.some(
      (row) => row.task_id === taskId && row.try === tryNumber && row.state === 'running',
    );
    const mayGoOn = isRunning || (!full_content && lines.length === maxLines);
    const last = lines.at(-1)?.id ?? token ?? 0;
    response.json({ content, continuation_token: mayGoOn ? String(last) : null } satisfies TaskLogs);
  });

  return router;
}
