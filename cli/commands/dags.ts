import type { Command } from 'commander';
import { DagRunCollection, RequestedDagRun } from '../../api/contract/dag-runs.ts';
import { DagCollection, DagDetails, TaskCollection } from '../../api/contract/dags.ts';
import { NextRunCollection } from '../../api/contract/next-runs.ts';
import { DeadlineCollection } from '../../api/contract/deadlines.ts';
import { DagGate } from '../../api/contract/gate.ts';
import { ImportErrorCollection } from '../../api/contract/import-errors.ts';
import { pathOf } from '../api-client.ts';
import { listOf } from '../arguments.ts';
import { conditionLines } from '../condition-tree.ts';
import { paged, type PageOptions } from '../paging.ts';
import { type Cell, instant, pageNote, type Report } from '../report.ts';
import { asksForRun, reportRequested, requestOf, type RunOptions } from '../run-request.ts';
import type { Run, Session } from '../session.ts';
import { type AllOption, pausedCell, pauseOneOrAll } from './pausing.ts';
import { runTable } from './runs.ts';
import { taskTable } from './tasks.ts';

/** `tidegate dags …` */
export function addDagCommands(program: Command, run: Run): void {
  const dags = program.command('dags').description('DAGs: list, show, trigger, pause, explain');

  paged(dags.command('list').description('list DAGs'))
    .option('--pattern <text>', 'only ids that contain this')
    .option('--tag <tag>', 'only DAGs with this tag (may be repeated)', listOf)
    .option('--retired', 'also DAGs that were removed from the project')
    .action((options: ListOptions) => run((session) => listDags(session, options)));
  dags
    .command('show <dag>')
    .description('show what a DAG waits for and its tasks')
    .action((dagId: string) => run((session) => showDag(session, dagId)));
  dags
    .command('details <dag>')
    .description('show every field of a DAG')
    .action((dagId: string) => run((session) => detailDag(session, dagId)));
  asksForRun(dags.command('trigger <dag>').description('ask for a run of a DAG')).action(
    (dagId: string, options: RunOptions) => run((session) => triggerDag(session, dagId, options)),
  );
  paged(dags.command('list-runs [dag]').description('list runs of a DAG, or of all, newest first'))
    .option('--state <state>', 'only runs in this state (may be repeated)', listOf)
    .action((dagId: string | undefined, options: ListRunsOptions) =>
      run((session) => listRuns(session, dagId, options)),
    );
  dags
    .command('pause [dag]')
    .description('pause a DAG, or with --all every DAG: nothing starts, events keep queueing')
    .option('--all', 'every DAG of the project, also those deployed later')
    .action((dagId: string | undefined, options: AllOption) =>
      run((session) => pauseOneOrAll(session, dagId, options, true)),
    );
  dags
    .command('unpause [dag]')
    .description('resume a paused DAG, or with --all those that are not paused by themselves')
    .option('--all', 'every DAG that is paused because the project is')
    .action((dagId: string | undefined, options: AllOption) =>
      run((session) => pauseOneOrAll(session, dagId, options, false)),
    );
  paged(
    dags.command('list-import-errors').description('list files of the project that could not be loaded'),
  ).action((options: PageOptions) => run((session) => listImportErrors(session, options)));
  paged(
    dags
      .command('deadlines <dag>')
      .description('list the deadlines of a DAG that came, and what became of them'),
  ).action((dagId: string, options: PageOptions) => run((session) => listDeadlines(session, dagId, options)));
  dags
    .command('next-execution <dag>')
    .description('say when the schedule of a DAG starts it next, as Temporal has it')
    .option('-n, --num-executions <count>', 'how many times, 1 to 100', '1')
    .action((dagId: string, options: { readonly numExecutions: string }) =>
      run((session) => showNextRuns(session, dagId, options.numExecutions)),
    );
  dags
    .command('gate <dag>')
    .description('say what a DAG waits for, and why')
    .action((dagId: string) => run((session) => showGate(session, dagId)));
}

async function listDeadlines({ api }: Session, dagId: string, page: PageOptions): Promise<Report> {
  const json = await api.get(DeadlineCollection, pathOf`/api/v2/dags/${dagId}/deadlines`, { ...page });
  const headers = ['DUE', 'OUTCOME', 'RUN', 'MISSING'];
  const rows = json.deadlines.map(({ due, outcome, dag_run_id, missing }): Cell[] => [
    ...[instant(due), outcome ?? 'not decided yet', dag_run_id, missing.join(', ') || null],
  ]);
  const columns = headers.map((header) =>
    header === 'MISSING' ? { header, cut: true as const } : { header },
  );
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'no deadline came yet' }],
    note: pageNote(json.deadlines.length, json.total_entries),
  };
}

async function showNextRuns({ api }: Session, dagId: string, limit: string): Promise<Report> {
  const json = await api.get(NextRunCollection, pathOf`/api/v2/dags/${dagId}/nextRuns`, { limit });
  const columns = ['LOGICAL DATE', 'DATA INTERVAL START'].map((header) => ({ header }));
  const rows = json.next_runs.map(({ logical_date, data_interval_start }): Cell[] => [
    instant(logical_date),
    data_interval_start === null ? null : instant(data_interval_start),
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'its schedule has no time to come' }],
    ...(json.is_paused && rows.length > 0
      ? { note: 'The DAG is paused: what comes before it is resumed starts nothing by itself.' }
      : {}),
  };
}

interface ListOptions extends PageOptions {
  readonly pattern?: string;
  readonly tag?: readonly string[];
  readonly retired?: true;
}

async function listDags({ api }: Session, { pattern, tag, retired, ...page }: ListOptions): Promise<Report> {
  const json = await api.get(DagCollection, '/api/v2/dags', {
    ...page,
    dag_id_pattern: pattern,
    tags: tag,
    tags_match_mode: 'all',
    exclude_stale: retired !== true,
  });
  const columns = [
    { header: 'DAG' },
    { header: 'SCHEDULE', cut: true },
    { header: 'PAUSED' },
    { header: 'VERSION' },
    { header: 'TAGS', cut: true },
    { header: 'FILE', cut: true },
  ] as const;
  const rows = json.dags.map((dag): Cell[] => [
    ...[dag.dag_id, dag.timetable_summary, dag.is_paused, dag.version],
    ...[dag.tags.map(({ name }) => name).join(', '), dag.relative_fileloc],
  ]);
  const empty = 'no DAGs: put them in force with `tidegate deploy`';
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty }],
    note: pageNote(rows.length, json.total_entries),
  };
}

async function showDag({ api }: Session, dagId: string): Promise<Report> {
  const [dag, { tasks }, gate] = await Promise.all([
    api.get(DagDetails, pathOf`/api/v2/dags/${dagId}/details`),
    api.get(TaskCollection, pathOf`/api/v2/dags/${dagId}/tasks`),
    api.get(DagGate, pathOf`/api/v2/dags/${dagId}/gate`),
  ]);
  const facts: readonly (readonly [string, Cell])[] = [
    ['dag', dag.dag_id],
    ['description', dag.description],
    ['schedule', dag.timetable_description],
    ...(dag.deadline === null
      ? []
      : [
          [
            'deadline',
            `${dag.deadline.cron} (${dag.deadline.timezone}), else ${dag.deadline.on_missing}`,
          ] as const,
        ]),
    ['paused', pausedCell(dag)],
    ['version', dag.version],
    ['deployed', instant(dag.latest_dag_version.created_at)],
    ['file', dag.relative_fileloc],
    ['tags', dag.tags.map(({ name }) => name).join(', ') || null],
    ...(dag.outlets.length === 0
      ? []
      : [['updates', dag.outlets.map(({ name }) => name).join(', ')] as const]),
    ['active runs', `${gate.active_runs.length} of ${gate.max_active_runs}`],
    ['now', gate.sentence],
  ];
  return {
    json: { ...dag, tasks, gate },
    sections: [{ kind: 'facts', facts }, ...conditionOf(gate), taskTable(tasks)],
  };
}

async function detailDag({ api }: Session, dagId: string): Promise<Report> {
  const json = await api.get(DagDetails, pathOf`/api/v2/dags/${dagId}/details`);
  const facts = Object.entries(json).map(([name, value]) => [name, cellOf(value)] as const);
  return { json, sections: [{ kind: 'facts', facts }] };
}

function cellOf(value: unknown): Cell {
  if (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean'
  ) {
    return value;
  }
  return JSON.stringify(value);
}

async function triggerDag(session: Session, dagId: string, options: RunOptions): Promise<Report> {
  const path = pathOf`/api/v2/dags/${dagId}/dagRuns`;
  const run = await session.api.send('POST', RequestedDagRun, path, requestOf(options));
  return reportRequested(session, run, options);
}

interface ListRunsOptions extends PageOptions {
  readonly state?: readonly string[];
}

async function listRuns({ api }: Session, dagId = '~', options: ListRunsOptions): Promise<Report> {
  const json = await api.get(DagRunCollection, pathOf`/api/v2/dags/${dagId}/dagRuns`, {
    ...options,
    order_by: '-id',
  });
  return {
    json,
    sections: [runTable(json.dag_runs, dagId === '~')],
    note: pageNote(json.dag_runs.length, json.total_entries),
  };
}

async function listImportErrors({ api }: Session, page: PageOptions): Promise<Report> {
  const json = await api.get(ImportErrorCollection, '/api/v2/importErrors', { ...page });
  const columns = [{ header: 'FILE' }, { header: 'SINCE' }, { header: 'ERROR' }];
  const rows = json.import_errors.map(({ filename, timestamp, stack_trace: error }): Cell[] => [
    ...[filename, instant(timestamp), error],
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'no import errors' }],
    note: pageNote(rows.length, json.total_entries),
  };
}

async function showGate({ api }: Session, dagId: string): Promise<Report> {
  const json = await api.get(DagGate, pathOf`/api/v2/dags/${dagId}/gate`);
  return {
    json,
    sections: [
      { kind: 'lines', lines: [[json.sentence], ...json.notes.map((note) => [note])] },
      ...conditionOf(json),
    ],
  };
}

function conditionOf({ explanation }: DagGate): Report['sections'] {
  return explanation === null
    ? []
    : [{ kind: 'lines', title: 'condition', lines: conditionLines(explanation) }];
}
