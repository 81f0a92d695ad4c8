import { type Command, Argument } from 'commander';
import { DagRun } from '../api/contract/dag-runs.ts';
import type { PatchDagRun, PatchTaskInstance } from '../api/contract/marking.ts';
import { TaskInstanceCollection } from '../api/contract/task-instances.ts';
import { instanceName } from '../core/ids.ts';
import { pathOf } from './api-client.ts';
import { type Report, state } from './report.ts';
import type { Session } from './session.ts';
import { userOf } from './user.ts';

/** Who says it, and what there is to say. */
export interface MarkOptions {
  readonly note?: string;
  readonly who?: string;
}

export interface MarkTaskOptions extends MarkOptions {
  /** Which instance of a mapped task; the task as a whole when missing. */
  readonly mapIndex?: number;
}

/** Adds the state, and the options, of a command that marks something. */
export function marks(command: Command, states: readonly string[]): Command {
  return command
    .addArgument(new Argument('<state>', 'what it is from now on').choices(states))
    .option('-n, --note <text>', 'kept with it: why')
    .option('--who <name>', 'kept with it; your user name when missing');
}

/** Marks a run; one that is open is stopped first. */
export async function markRun(
  session: Session,
  [dagId, runId]: readonly [string, string],
  wanted: NonNullable<PatchDagRun['state']>,
  options: MarkOptions,
): Promise<Report> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}`;
  const body = { state: wanted, ...saidBy(session, options) } satisfies PatchDagRun;
  const json = await session.api.send('PATCH', DagRun, path, body);
  const facts = [
    ['dag', json.dag_id],
    ['run', json.dag_run_id],
    ['state', state(json.state)],
  ] as const;
  return {
    json,
    sections: [{ kind: 'facts', facts }],
    note:
      json.wanted_state === null
        ? undefined
        : `its tasks were told to stop; then it is ${json.wanted_state}, as \`tidegate runs show\` says`,
  };
}

/** Marks a task of a run that has ended, or one that has not ended of a run that goes on. */
export async function markTask(
  session: Session,
  [dagId, runId, taskId]: readonly [string, string, string],
  wanted: PatchTaskInstance['new_state'],
  { mapIndex, ...options }: MarkTaskOptions,
): Promise<Report> {
  const ofTask = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances/${taskId}`;
  const path = mapIndex === undefined ? ofTask : `${ofTask}/${mapIndex}`;
  const body = { new_state: wanted, ...saidBy(session, options) } satisfies PatchTaskInstance;
  const json = await session.api.send('PATCH', TaskInstanceCollection, path, body);
  const [task] = json.task_instances;
  const facts = [
    ['dag', dagId],
    ['run', runId],
    ['task', instanceName(taskId, mapIndex)],
    ['state', state(task?.state ?? null)],
  ] as const;
  return {
    json,
    sections: [{ kind: 'facts', facts }],
    note: 'a run that goes on goes on with what lies behind it; of one that has ended `tidegate runs retry` runs that',
  };
}

function saidBy({ surroundings }: Session, { note, who = userOf(surroundings.environment) }: MarkOptions) {
  return { who, ...(note === undefined ? {} : { note }) };
}
