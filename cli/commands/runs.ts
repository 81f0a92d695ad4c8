import type { Command } from 'commander';
import { AssetEventCollection } from '../../api/contract/asset-events.ts';
import { DagRunAttemptCollection } from '../../api/contract/clearing.ts';
import { DagRun } from '../../api/contract/dag-runs.ts';
import { type TaskInstance, TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { pathOf } from '../api-client.ts';
import { wholeNumber } from '../arguments.ts';
import { attemptTable } from '../attempt-table.ts';
import { markRun, marks, type MarkOptions } from '../mark.ts';
import { type Cell, duration, instant, pageNote, type Report, type Section, state } from '../report.ts';
import { type AgainOptions, clearRun, runsAgain } from '../run-again.ts';
import { logsOfRun } from '../run-logs.ts';
import type { Run, Session } from '../session.ts';
import { eventTable } from './events.ts';

/** `tidegate runs …` */
export function addRunCommands(program: Command, run: Run): void {
  const runs = program
    .command('runs')
    .description('runs of a DAG: show, cancel, run again, mark, read their logs');
  runs
    .command('show <dag> <run>')
    .description('show a run: its tasks, the events it consumed and those it created')
    .action((dagId: string, runId: string) => run((session) => showRun(session, dagId, runId)));
  runs
    .command('cancel <dag> <run>')
    .description('cancel a run that has not ended; its tasks are told to stop')
    .action((dagId: string, runId: string) => run((session) => cancelRun(session, dagId, runId)));
  runsAgain(
    runs
      .command('retry <dag> <run>')
      .description('run a run that has ended again from where it failed, on the events it consumed'),
  ).action((dagId: string, runId: string, options: AgainOptions) =>
    run((session) => clearRun(session, [dagId, runId], { ...options, onlyFailed: true })),
  );
  runsAgain(
    runs
      .command('rerun <dag> <run>')
      .description('run all of a run that has ended again, on the events it consumed'),
  ).action((dagId: string, runId: string, options: AgainOptions) =>
    run((session) => clearRun(session, [dagId, runId], { ...options, onlyFailed: false })),
  );
  marks(
    runs
      .command('mark <dag> <run>')
      .description(
        'say by hand how a run is to count; one that is open is stopped first. It records no asset events',
      ),
    ['success', 'failed'],
  ).action((dagId: string, runId: string, wanted: 'success' | 'failed', options: MarkOptions) =>
    run((session) => markRun(session, [dagId, runId], wanted, options)),
  );
  runs
    .command('logs <dag> <run> [task]')
    .description('print what the tasks of a run logged, or one of them')
    .option('--try <n>', 'of this try instead of the latest', wholeNumber)
    .option('--map-index <n>', 'of this instance of a mapped task', wholeNumber)
    .action((dagId: string, runId: string, taskId: string | undefined, options: LogOptions) =>
      run((session) =>
        logsOfRun(session, { dagId, runId, taskId, tryNumber: options.try, mapIndex: options.mapIndex }),
      ),
    );
}

interface LogOptions {
  readonly try?: number;
  readonly mapIndex?: number;
}

/** Runs, newest first. */
export function runTable(runs: readonly DagRun[], isOfAll: boolean): Section {
  const headers = [...(isOfAll ? ['DAG'] : []), 'RUN', 'STATE', 'TYPE', 'QUEUED', 'DURATION', 'EVENTS'];
  const rows = runs.map((run): Cell[] => [
    ...(isOfAll ? [run.dag_id] : []),
    ...[run.dag_run_id, state(run.state), run.run_type, instant(run.queued_at)],
    ...[duration(run.duration), run.consumed_event_count],
  ]);
  return { kind: 'table', columns: headers.map((header) => ({ header })), rows, empty: 'no runs' };
}

const mostEvents = 20;

async function showRun({ api }: Session, dagId: string, runId: string): Promise<Report> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}`;
  const ofRun = { source_dag_id: dagId, source_run_id: runId, order_by: 'id' };
  const [run, tasks, consumed, created, story] = await Promise.all([
    api.get(DagRun, path),
    api.get(TaskInstanceCollection, `${path}/taskInstances`, { limit: 1_000 }),
    api.get(AssetEventCollection, `${path}/upstreamAssetEvents`, { limit: mostEvents }),
    api.get(AssetEventCollection, '/api/v2/assets/events', { ...ofRun, limit: mostEvents }),
    api.get(DagRunAttemptCollection, `${path}/attempts`),
  ]);
  const facts: readonly (readonly [string, Cell])[] = [
    ['dag', run.dag_id],
    ['run', run.dag_run_id],
    ['state', state(run.state)],
    ...(run.state_reason === null ? [] : [['reason', run.state_reason] as const]),
    ...(run.waits_for === null ? [] : [['waits for', run.waits_for] as const]),
    ['type', run.run_type],
    ...(run.partition_key === null ? [] : [['partition', run.partition_key] as const]),
    ['queued', instant(run.queued_at)],
    ['started', instant(run.start_date)],
    ['ended', instant(run.end_date)],
    ['duration', duration(run.duration)],
    ['attempt', run.attempt],
    ['version', run.dag_versions[0]?.version_number ?? null],
    ...(run.ticks.length > 1
      ? [['times', `${run.ticks.length} from ${run.ticks[0]} to ${run.ticks.at(-1)}`] as const]
      : []),
    ...(run.folded_requests === 0 ? [] : [['stands for', `${run.folded_requests + 1} requests`] as const]),
    ...(run.single_flight_key === null || run.single_flight_key === ''
      ? []
      : [['single flight', run.single_flight_key] as const]),
    ['conf', JSON.stringify(run.conf)],
    ...(run.note === null ? [] : [['note', run.note] as const]),
    ['workflow', run.temporal_workflow_id],
    ...(run.temporal_ui_url === null ? [] : [['temporal', run.temporal_ui_url] as const]),
    ...historyFacts(run),
  ];
  return {
    json: {
      ...run,
      task_instances: tasks.task_instances,
      upstream_asset_events: consumed.asset_events,
      created_asset_events: created.asset_events,
      attempts: story.attempts,
    },
    sections: [
      { kind: 'facts', facts },
      taskInstanceTable(tasks.task_instances, {
        title: 'tasks',
        empty: 'none yet: the run has no slot',
      }),
      ...attemptTable(story.attempts),
      { ...eventTable(consumed.asset_events), title: countTitle('consumed events', consumed), empty: 'none' },
      { ...eventTable(created.asset_events), title: countTitle('created events', created), empty: 'none' },
    ],
  };
}

/** What is left of a run's page in Temporal's Web UI, which forgets before Tidegate does. */
function historyFacts({ temporal_history_until: until }: DagRun): readonly (readonly [string, Cell])[] {
  if (until === null) return [];
  const isGone = Date.parse(until) <= Date.now();
  return isGone
    ? [['history', 'gone: Temporal no longer keeps it'] as const]
    : [['history until', instant(until)]];
}

function countTitle(what: string, { asset_events, total_entries }: AssetEventCollection): string {
  return pageNote(asset_events.length, total_entries) === undefined
    ? what
    : `${what} (the first ${asset_events.length} of ${total_entries})`;
}

/** Tasks of a run, or instances of one. */
export function taskInstanceTable(
  tasks: readonly TaskInstance[],
  said: { readonly title: string; readonly empty: string },
): Section {
  const hasProgress = tasks.some(({ progress }) => progress !== null);
  const told = hasProgress ? ['PROGRESS'] : [];
  const isWaiting = tasks.some(({ waits_for }) => waits_for !== null);
  const waits = isWaiting ? ['WHY QUEUED'] : [];
  const headers = ['TASK', 'STATE', 'TRY', 'STARTED', 'DURATION', ...told, ...waits, 'ERROR'];
  const columns = headers.map((header) => (header === 'ERROR' ? { header, cut: true as const } : { header }));
  const rows = tasks.map((task): Cell[] => [
    ...[nameOf(task), state(task.state), triesOf(task)],
    ...[instant(task.start_date), duration(task.duration)],
    ...(hasProgress ? [progressOf(task)] : []),
    ...(isWaiting ? [task.waits_for] : []),
    task.error,
  ]);
  return { kind: 'table', ...said, columns, rows };
}

/** What a task is called; of a mapped one also how its instances are, of an instance which one it is. */
function nameOf({ task_id, map_index, instances }: TaskInstance): string {
  if (instances === null) return map_index === -1 ? task_id : `${task_id} [${map_index}]`;
  const counts = Object.entries(instances).map(([of, count]) => `${count} ${of}`);
  return `${task_id} (${counts.join(', ')})`;
}

function progressOf({ progress, progress_note: note }: TaskInstance): string | null {
  return progress === null ? null : `${Math.round(progress * 100)}%${note === null ? '' : ` ${note}`}`;
}

function triesOf({ try_number, max_tries }: TaskInstance): string | null {
  return try_number === 0 ? null : `${try_number} of ${max_tries + 1}`;
}

async function cancelRun({ api }: Session, dagId: string, runId: string): Promise<Report> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}/cancel`;
  const json = await api.send('POST', DagRun, path, {});
  const facts = [
    ['dag', json.dag_id],
    ['run', json.dag_run_id],
    ['state', state(json.state)],
  ] as const;
  const hasEnded = json.state === 'success' || json.state === 'failed';
  return {
    json,
    sections: [{ kind: 'facts', facts }],
    note: hasEnded ? 'it has ended' : 'asked to stop; `tidegate runs show` says when it has',
  };
}
