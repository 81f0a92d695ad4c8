import type { AssetEvent } from '../api/contract/asset-events.ts';
import type { DagRun } from '../api/contract/dag-runs.ts';
import type { LogMessage } from '../api/contract/task-instances.ts';
import type { Colors } from '../cli/colors.ts';
import type { EndedTask } from './follow-run.ts';

/** The lines that show a run of the exercise. */
export interface ExerciseText {
  runTitle(dagId: string, runId: string): string;
  task(ended: EndedTask): string;
  runEnd(run: DagRun): string;
  event(event: AssetEvent): string;
  latency(ms: number): string;
}

/** Wide enough for the tasks of the exercise, so that durations stand below each other. */
const nameWidth = 18;

export function exerciseText({ bold, cyan, dim, green, magenta, red, yellow }: Colors): ExerciseText {
  const marks = { success: green('✔'), failed: red('✘'), skipped: yellow('–') } as const;
  const markOf = (state: string | null): string =>
    state === 'success' || state === 'skipped' ? marks[state] : marks.failed;
  const fieldsText = (fields: Fields, widths: readonly number[] = []): string =>
    fields
      .map(([name, value], index) => `${dim(name)} ${textOf(value).padStart(widths[index] ?? 0)}`)
      .join(dim(' · '));

  return {
    runTitle: (dagId, runId) => `\n${cyan('▶')} ${bold(dagId)}  ${dim(runId)}`,
    task: ({ task, lines }) =>
      [
        `  ${markOf(task.state)} ${task.task_id.padEnd(nameWidth)} ${durationText(task.duration).padStart(8)}${task.error === null ? '' : `  ${red(task.error)}`}`,
        ...inGroups(lines).flatMap((group) => groupLines(group).map((line) => `    ${dim('│')} ${line}`)),
      ].join('\n'),
    runEnd: ({ state, duration, temporal_ui_url }) =>
      [
        `  ${markOf(state)} ${bold(state === 'success' ? 'run succeeded' : `run ${state}`).padEnd(nameWidth + bold('').length)} ${durationText(duration).padStart(8)}`,
        ...(temporal_ui_url === null ? [] : [`    ${dim(temporal_ui_url)}`]),
      ].join('\n'),
    event: ({ id, uri, extra, timestamp }) =>
      [
        `\n${magenta('◆')} ${bold(uri)} updated  ${dim(`event ${id}, ${timestamp}`)}`,
        `    ${fieldsText(Object.entries(extra))}`,
      ].join('\n'),
    latency: (ms) =>
      `    ${bold(green(`${ms} ms`))} from the event being recorded to the consumer's first task`,
  };

  /** Lines that repeat a message are a table; values that are objects get a line of their own. */
  function groupLines(group: readonly LogMessage[]): readonly string[] {
    const rows = group.map(fieldsOf);
    if (rows.some((fields) => fields.some(([, value]) => isObject(value)))) {
      return group.flatMap((line) => [
        line.event,
        ...fieldsOf(line).map((field) => nested(field, fieldsOf(line))),
      ]);
    }
    const widths = (rows[0] ?? []).map((_, index) =>
      Math.max(...rows.map((fields) => textOf(fields[index]?.[1]).length)),
    );
    return group.map(({ event }, index) =>
      [event, fieldsText(rows[index] ?? [], group.length > 1 ? widths : [])].filter(Boolean).join('  '),
    );
  }

  function nested([name, value]: Field, among: Fields): string {
    const width = Math.max(...among.map(([other]) => other.length));
    return `  ${dim(name.padEnd(width))}  ${isObject(value) ? fieldsText(Object.entries(value)) : textOf(value)}`;
  }
}

/** From the record of an event to the start of the first task of a run, by the clock of the database. */
export function latencyMs(event: AssetEvent, run: DagRun): number {
  return Date.parse(run.start_date ?? run.queued_at) - Date.parse(event.timestamp);
}

type Field = readonly [name: string, value: unknown];
type Fields = readonly Field[];

const ownFields = new Set(['timestamp', 'level', 'event']);

/** What a line was logged with. The store keeps no order, so texts come first: they say what the numbers are about. */
function fieldsOf(line: LogMessage): Fields {
  return Object.entries(line)
    .filter(([name]) => !ownFields.has(name))
    .toSorted(([, a], [, b]) => Number(typeof a === 'number') - Number(typeof b === 'number'));
}

function inGroups(lines: readonly LogMessage[]): readonly (readonly LogMessage[])[] {
  const groups: LogMessage[][] = [];
  for (const line of lines) {
    const last = groups.at(-1);
    if (last?.[0]?.event === line.event) last.push(line);
    else groups.push([line]);
  }
  return groups;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const whole = new Intl.NumberFormat('en-US');
const broken = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function textOf(value: unknown): string {
  if (typeof value === 'number') return (Number.isInteger(value) ? whole : broken).format(value);
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function durationText(seconds: number | null): string {
  if (seconds === null) return '';
  return seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : `${seconds.toFixed(1)} s`;
}
