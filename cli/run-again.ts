import type { Command } from 'commander';
import { type ClearDagRun, ClearedTaskInstances, type ClearTaskInstances } from '../api/contract/clearing.ts';
import { DagRun } from '../api/contract/dag-runs.ts';
import { instanceName } from '../core/ids.ts';
import { pathOf } from './api-client.ts';
import { invalid } from './command-failure.ts';
import { type Cell, type Report, state } from './report.ts';
import { failureOf, watchRun } from './run-watch.ts';
import type { Session } from './session.ts';
import { userOf } from './user.ts';

/** What commands that run something again have in common. */
export interface AgainOptions {
  readonly dryRun?: true;
  readonly who?: string;
  readonly wait?: true;
}

/** Which tasks of a run are to run again. */
export interface TaskChoice {
  /** All of them when empty. */
  readonly taskIds: readonly string[];
  readonly downstream?: true;
  readonly upstream?: true;
  /** Only these instances of the task, which is the only one. */
  readonly mapIndex?: readonly number[];
  readonly onlyFailed?: true;
}

/** Adds the options of a command that runs something again. */
export function runsAgain(command: Command): Command {
  return command
    .option('--dry-run', 'only say what would run again, and what is kept')
    .option('--who <name>', 'kept with the attempt; your user name when missing')
    .option('--wait', 'wait until it has ended, and exit with 1 when it failed');
}

/** Runs tasks of a run again, or says which would. */
export async function clearTasks(
  session: Session,
  [dagId, runId]: readonly [string, string],
  { taskIds, downstream, upstream, mapIndex, onlyFailed, ...options }: TaskChoice & AgainOptions,
): Promise<Report> {
  const named = namedBy(taskIds, mapIndex);
  const { run, asked } = await ask(session, [dagId, runId], options);
  const body: ClearTaskInstances = {
    ...{ ...asked, dag_run_id: runId, task_ids: named },
    ...{ include_downstream: downstream === true, include_upstream: upstream === true },
    only_failed: onlyFailed === true,
  };
  const path = pathOf`/api/v2/dags/${dagId}/clearTaskInstances`;
  const cleared = await session.api.send('POST', ClearedTaskInstances, path, body);
  return report(session, run, cleared, options);
}

/** Tasks, or instances of one, as the API takes them. */
function namedBy(
  taskIds: readonly string[],
  mapIndex: readonly number[] | undefined,
): ClearTaskInstances['task_ids'] {
  if (mapIndex === undefined) return taskIds.length === 0 ? null : [...taskIds];
  const [taskId] = taskIds;
  if (taskId === undefined || taskIds.length > 1)
    throw invalid(`--map-index is of one task, and ${taskIds.length} are named: name the mapped task`);
  return mapIndex.map((index) => [taskId, index]);
}

/** Runs a run again on the events it consumed: whole, or what failed of it. */
export async function clearRun(
  session: Session,
  [dagId, runId]: readonly [string, string],
  options: AgainOptions & { readonly onlyFailed: boolean },
): Promise<Report> {
  const { run, asked } = await ask(session, [dagId, runId], options);
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}/clear`;
  const body = { ...asked, only_failed: options.onlyFailed } satisfies ClearDagRun;
  // What it says beforehand is what it does: the attempt that was seen goes with both.
  const cleared = await session.api.send('POST', ClearedTaskInstances, path, { ...body, dry_run: true });
  if (options.dryRun !== true) await session.api.send('POST', DagRun, path, body);
  return report(session, run, cleared, options);
}

async function ask(
  { api, surroundings }: Session,
  [dagId, runId]: readonly [string, string],
  { dryRun, who = userOf(surroundings.environment) }: AgainOptions,
) {
  const run = await api.get(DagRun, pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}`);
  return { run, asked: { dry_run: dryRun === true, attempt: run.attempt, who } };
}

async function report(
  session: Session,
  run: DagRun,
  cleared: ClearedTaskInstances,
  { dryRun, wait }: AgainOptions,
): Promise<Report> {
  const ended = wait === true && dryRun !== true ? await watchRun(session, run) : undefined;
  const again = cleared.task_instances.map((task): Cell[] => [
    instanceName(task.task_id, task.map_index),
    ...[state(task.state), 'runs again'],
  ]);
  const kept = cleared.kept_task_ids.map((id): Cell[] => [id, null, 'kept']);
  const columns = [{ header: 'TASK' }, { header: 'WAS' }, { header: 'NOW' }];
  return {
    json: ended ?? cleared,
    sections: [
      {
        kind: 'facts',
        facts: [
          ['dag', run.dag_id],
          ['run', run.dag_run_id],
          ['attempt', cleared.attempt],
          ...(ended === undefined ? [] : [['state', state(ended.state)] as const]),
        ],
      },
      { kind: 'table', title: 'tasks', columns, rows: [...again, ...kept], empty: 'no tasks' },
    ],
    note: notesOf(cleared, dryRun),
    failure: ended === undefined ? undefined : failureOf(ended),
  };
}

function notesOf({ task_instances, total_entries }: ClearedTaskInstances, dryRun?: true): string | undefined {
  const shown = task_instances.length;
  const notes = [
    ...(shown < total_entries ? [`${shown} of ${total_entries} shown`] : []),
    ...(dryRun === true ? ['nothing was changed: leave out --dry-run to run it'] : []),
  ];
  return notes.length === 0 ? undefined : notes.join('; ');
}
