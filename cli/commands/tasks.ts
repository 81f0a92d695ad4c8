import type { Command } from 'commander';
import { type Task, TaskCollection } from '../../api/contract/dags.ts';
import { pathOf } from '../api-client.ts';
import { wholeNumber, wholeNumbers } from '../arguments.ts';
import { type Cell, duration, pageNote, type Report, type Section } from '../report.ts';
import { instancesOf } from '../run-logs.ts';
import { marks, markTask, type MarkTaskOptions } from '../mark.ts';
import { type AgainOptions, clearTasks, runsAgain, type TaskChoice } from '../run-again.ts';
import type { Run, Session } from '../session.ts';
import { taskInstanceTable } from './runs.ts';

/** `tidegate tasks …` */
export function addTaskCommands(program: Command, run: Run): void {
  const tasks = program.command('tasks').description('tasks of a DAG: list, run again, mark');
  tasks
    .command('list <dag>')
    .description('list the tasks of a DAG, each after those it needs')
    .action((dagId: string) => run((session) => listTasks(session, dagId)));
  tasks
    .command('instances <dag> <run> <task>')
    .description('list the instances of a mapped task in a run, in the order of their items')
    .action((dagId: string, runId: string, taskId: string) =>
      run((session) => listInstances(session, dagId, runId, taskId)),
    );
  runsAgain(
    tasks
      .command('clear <dag> <run> [task...]')
      .description(
        'run tasks of a run that has ended again, on the events it consumed; all of them when none is named',
      )
      .option('--downstream', 'also what lies behind them')
      .option('--upstream', 'also what they lie behind')
      .option('--map-index <n,...>', 'only these instances of the task, which is mapped', wholeNumbers)
      .option(
        '--only-failed',
        'of these, only what failed, could not start because of that, or was never come to',
      ),
  ).action((dagId: string, runId: string, taskIds: readonly string[], options: ClearOptions) =>
    run((session) => clearTasks(session, [dagId, runId], { ...options, taskIds })),
  );
  marks(
    tasks
      .command('mark <dag> <run> <task>')
      .description('say by hand how a task of a run that has ended is to count; it records no asset events'),
    markedStates,
  )
    .option('--map-index <n>', 'only this instance of the task, which is mapped', wholeNumber)
    .action((dagId: string, runId: string, taskId: string, state: MarkedState, options: MarkTaskOptions) =>
      run((session) => markTask(session, [dagId, runId, taskId], state, options)),
    );
}

type ClearOptions = Omit<TaskChoice, 'taskIds'> & AgainOptions;
const markedStates = ['success', 'failed', 'skipped'] as const;
type MarkedState = (typeof markedStates)[number];

async function listTasks({ api }: Session, dagId: string): Promise<Report> {
  const json = await api.get(TaskCollection, pathOf`/api/v2/dags/${dagId}/tasks`);
  return { json, sections: [taskTable(json.tasks)] };
}

async function listInstances(
  { api }: Session,
  dagId: string,
  runId: string,
  taskId: string,
): Promise<Report> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns/${runId}/taskInstances`;
  const json = await instancesOf(api, path, taskId);
  const note = pageNote(json.task_instances.length, json.total_entries);
  return {
    json,
    sections: [taskInstanceTable(json.task_instances, { title: 'instances', empty: 'none has started' })],
    ...(note === undefined ? {} : { note }),
  };
}

/** Tasks of a definition. */
export function taskTable(tasks: readonly Task[]): Section {
  const headers = ['TASK', 'NEEDS', 'RULE', 'RETRIES', 'TIMEOUT', 'UPDATES'];
  const columns = headers.map((header) =>
    header === 'UPDATES' ? { header, cut: true as const } : { header },
  );
  const rows = tasks.map((task): Cell[] => [
    ...[task.task_id, task.upstream_task_ids.join(', ') || null, ruleOf(task), task.retries],
    ...[timeoutOf(task), task.outlets.map(outletText).join(', ') || null],
  ]);
  return { kind: 'table', columns, rows, empty: 'no tasks' };
}

/** When it may start, and what is special about it. */
function ruleOf({ trigger_rule, operator_name, teardown_of }: Task): string {
  if (teardown_of.length > 0) return `tears down ${teardown_of.join(', ')}`;
  return operator_name === 'task' ? trigger_rule : `${trigger_rule}, ${operator_name}`;
}

function outletText(outlet: Task['outlets'][number]): string {
  if ('alias' in outlet) return `alias ${outlet.alias}`;
  if ('template' in outlet) return outlet.template;
  if ('name' in outlet) return outlet.name;
  return 'uri' in outlet.asset_ref ? outlet.asset_ref.uri : outlet.asset_ref.name;
}

function timeoutOf({ execution_timeout: timeout }: Task): Cell {
  if (timeout === null) return null;
  return duration(timeout.days * 86_400 + timeout.seconds + timeout.microseconds / 1_000_000);
}
