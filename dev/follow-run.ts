import { setTimeout as sleep } from 'node:timers/promises';
import { DagGate } from '../api/contract/gate.ts';
import { DagRun } from '../api/contract/dag-runs.ts';
import {
  type LogMessage,
  type TaskInstance,
  TaskInstanceCollection,
  TaskLogs,
} from '../api/contract/task-instances.ts';
import { type Api, pathOf } from '../cli/api-client.ts';

/** A task that is over, with the lines its last try logged. */
export interface EndedTask {
  readonly task: TaskInstance;
  readonly lines: readonly LogMessage[];
}

export interface RunToFollow {
  readonly dagId: string;
  readonly runId: string;
  /** Hears of each task once, when it is over. */
  readonly onTask: (ended: EndedTask) => void;
  readonly withinMs: number;
}

const everyMs = 100;
const over = new Set(['success', 'failed', 'skipped', 'upstream_failed']);

/** Follows a run to its end; a string says what it waits for when the end does not come in time. */
export async function followRun(
  api: Api,
  { dagId, runId, onTask, withinMs }: RunToFollow,
): Promise<DagRun | string> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}`;
  const shown = new Set<string>();
  const deadline = Date.now() + withinMs;
  for (;;) {
    // The run first: when it is over, so are the tasks read after it.
    const run = await api.get(DagRun, path);
    const { task_instances: tasks } = await api.get(TaskInstanceCollection, `${path}/taskInstances`);
    for (const task of tasks.filter(({ state, task_id }) => over.has(state ?? '') && !shown.has(task_id))) {
      shown.add(task.task_id);
      onTask({ task, lines: await linesOf(api, path, task) });
    }
    if (run.end_date !== null) return run;
    if (Date.now() > deadline) {
      const waiting = tasks.filter(({ state }) => !over.has(state ?? '')).map(({ task_id }) => task_id);
      return `${dagId} ${runId} is ${run.state} after ${withinMs / 1_000} s: ${waiting.join(', ') || 'all its tasks'} not over; ${await waitsFor(api, dagId)}`;
    }
    await sleep(everyMs);
  }
}

/** What a DAG waits for, in one sentence. */
export async function waitsFor(api: Api, dagId: string): Promise<string> {
  const { sentence } = await api.get(DagGate, pathOf`/api/v2/dags/${dagId}/gate`);
  return `its gate: ${sentence}`;
}

async function linesOf(
  api: Api,
  path: string,
  { task_id, try_number }: TaskInstance,
): Promise<readonly LogMessage[]> {
  if (try_number === 0) return [];
  const logs = `${path}${pathOf`/taskInstances/${task_id}/logs/${try_number}`}`;
  return (await api.get(TaskLogs, logs, { full_content: true })).content;
}
