import {
  type LogMessage,
  type TaskInstance,
  TaskInstanceCollection,
  TaskLogs,
} from '../api/contract/task-instances.ts';
import { instanceName } from '../core/ids.ts';
import { pathOf } from './api-client.ts';
import { CommandFailure } from './command-failure.ts';
import { exitStatus } from './exit-status.ts';
import { type Cell, type Report, toned, type Tone } from './report.ts';
import type { Session } from './session.ts';

export interface LogChoice {
  readonly dagId: string;
  readonly runId: string;
  /** All tasks when missing. */
  readonly taskId: string | undefined;
  /** The latest when missing. */
  readonly tryNumber: number | undefined;
  /** All instances of mapped tasks, the first thousand of each, when missing. */
  readonly mapIndex: number | undefined;
}

/** What the tasks of a run logged, each line after what was logged before it. */
export async function logsOfRun({ api }: Session, choice: LogChoice): Promise<Report> {
  const { dagId, runId, taskId, tryNumber, mapIndex } = choice;
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances`;
  const { task_instances: all } = await api.get(TaskInstanceCollection, path, { limit: 1_000 });
  const tasks = all.filter((task) => taskId === undefined || task.task_id === taskId);
  if (taskId !== undefined && tasks.length === 0) {
    const known = all.map((task) => task.task_id).join(', ') || 'none yet';
    throw new CommandFailure(
      exitStatus.failed,
      `run ${runId} of ${dagId} has no task ${taskId}: it has ${known}`,
    );
  }
  const logs = [];
  for (const { task_id, map_index, try_number } of await expanded(api, path, tasks)) {
    if (mapIndex !== undefined && map_index !== mapIndex) continue;
    const wanted = tryNumber ?? try_number;
    if (wanted === 0 || wanted > try_number) continue;
    const { content } = await api.get(TaskLogs, `${path}${pathOf`/${task_id}/logs/${wanted}`}`, {
      full_content: true,
      map_index,
    });
    logs.push({ task_id, map_index, try_number: wanted, content });
  }
  const lines = logs
    .flatMap(({ task_id, map_index, content }) =>
      content.map((message) => ({ name: instanceName(task_id, map_index), message })),
    )
    .toSorted((a, b) => a.message.timestamp.localeCompare(b.message.timestamp))
    .map(({ name, message }) => [...(name === taskId ? [] : [toned('dim', `${name} `)]), ...line(message)]);
  return {
    json: { logs },
    sections: [{ kind: 'lines', lines }],
    note: lines.length === 0 ? 'nothing was logged' : undefined,
  };
}

/** Tasks with their instances in the place of those that are mapped. */
async function expanded(
  api: Session['api'],
  path: string,
  tasks: readonly TaskInstance[],
): Promise<readonly TaskInstance[]> {
  const all: TaskInstance[] = [];
  for (const task of tasks) {
    if (task.instances === null) all.push(task);
    else all.push(...(await instancesOf(api, path, task.task_id)).task_instances);
  }
  return all;
}

/** The first thousand instances of a mapped task. */
export function instancesOf(
  api: Session['api'],
  path: string,
  taskId: string,
): Promise<TaskInstanceCollection> {
  return api.get(TaskInstanceCollection, `${path}${pathOf`/${taskId}/listMapped`}`, { limit: 1_000 });
}

const tones: Readonly<Record<LogMessage['level'], Tone>> = {
  debug: 'dim',
  info: 'good',
  warn: 'busy',
  error: 'bad',
};

function line({ timestamp, level, event, ...fields }: LogMessage): readonly Cell[] {
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${fieldText(value)}`);
  return [
    ...[toned('dim', timestamp), ' ', toned(tones[level], level.toUpperCase().padEnd(5)), ' ', event],
    toned('dim', rest.join('')),
  ];
}

function fieldText(value: unknown): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}
