import { Backtest, type BacktestRun } from '../api/contract/backtest.ts';
import { parseInstant } from '../core/dag-options.ts';
import { parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { parseScheduleText } from '../core/schedule-text.ts';
import { pathOf } from './api-client.ts';
import { invalid } from './command-failure.ts';
import { type Cell, instant, type Report, type Section } from './report.ts';
import type { Session } from './session.ts';

/** What `tidegate simulate` may be told instead of a scenario. */
export interface BacktestOptions {
  readonly dag?: string;
  readonly since?: string;
  readonly until?: string;
  readonly schedule?: string;
}

/** Runs that a schedule would have started, beside those that there were. */
export async function backtest({ api, terminal }: Session, options: BacktestOptions): Promise<Report> {
  const { dag, since, until, schedule } = options;
  if (dag === undefined || since === undefined)
    throw invalid('give a scenario, or --dag and --since: `tidegate simulate --dag sales --since 7d`');
  const json = await api.send('POST', Backtest, pathOf`/api/v2/dags/${dag}/backtest`, {
    since: timeOf('--since', since, terminal.now()),
    ...(until === undefined ? {} : { until: timeOf('--until', until, terminal.now()) }),
    ...(schedule === undefined ? {} : { schedule: parseScheduleText(schedule) }),
  });
  return { json, sections: sectionsOf(json) };
}

/** An instant as it is, or so long ago. */
function timeOf(name: string, text: string, now: number): string {
  const isDuration = /^\s*\d+(?:\.\d+)?\s*[a-z]+\s*$/i.test(text);
  try {
    const at = isDuration ? now - parseDuration(text) : parseInstant(text, name);
    return new Date(at).toISOString();
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw invalid(
      `${name} ${JSON.stringify(text)} is not valid: write a duration, such as 7d, or an instant, such as 2026-01-31T06:00:00Z`,
    );
  }
}

function sectionsOf({
  simulated,
  happened,
  agreed,
  event_count,
  sentence,
  assumptions,
}: Backtest): readonly Section[] {
  const headers = ['AT', 'WOULD START', 'EVENTS', 'HAPPENED', 'EVENTS'];
  const facts: readonly (readonly [string, Cell])[] = [
    ['events', event_count],
    ['would start', simulated.length],
    ['happened', happened.length],
    ['the same', agreed],
    ['in the end', sentence],
  ];
  return [
    {
      kind: 'table',
      columns: headers.map((header) => (header === 'EVENTS' ? { header, cut: true as const } : { header })),
      rows: rowsOf(simulated, happened),
      empty: 'no runs, neither these nor those',
    },
    { kind: 'facts', facts },
    { kind: 'lines', title: 'assumed', lines: assumptions.map((one) => [one]) },
  ];
}

/** Runs of one id stand beside each other; all in order of time. */
function rowsOf(simulated: readonly BacktestRun[], happened: readonly BacktestRun[]): readonly Cell[][] {
  const byId = new Map(happened.map((run) => [run.dag_run_id, run]));
  const played = new Set(simulated.map((run) => run.dag_run_id));
  const pairs = [
    ...simulated.map((run) => ({ at: run.at, run, past: byId.get(run.dag_run_id) })),
    ...happened
      .filter((run) => !played.has(run.dag_run_id))
      .map((past) => ({ at: past.at, run: undefined, past })),
  ];
  return pairs
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ at, run, past }) => [instant(at), ...cellsOf(run), ...cellsOf(past)]);
}

function cellsOf(run: BacktestRun | undefined): readonly Cell[] {
  if (run === undefined) return [null, null];
  const listed = run.events.map(({ id, name }) => `${name}#${id}`).join(' ');
  const more = run.event_count - run.events.length;
  const without = run.missing.length === 0 ? '' : ` without ${run.missing.join(', ')}`;
  return [run.dag_run_id, `${listed || 'nothing'}${more > 0 ? ` and ${more} more` : ''}${without}`];
}
