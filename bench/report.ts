import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { isMet, type Measurement } from './measurement.ts';

/** What is kept of a run of the benches. */
export interface Report {
  readonly command: string;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly benches: Readonly<Record<string, readonly Measurement[]>>;
}

const columns = ['what', 'ours', 'raw or other', 'ratio', 'target', 'met'] as const;

/** One bench as a table for the terminal. */
export function toTable(measurements: readonly Measurement[]): string {
  const rows = [columns, ...measurements.map(cells)];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...notesOf(measurements)].join('\n');
}

function notesOf(measurements: readonly Measurement[]): readonly string[] {
  return measurements.flatMap(({ what, note }) => (note === undefined ? [] : [`${what}: ${note}`]));
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - cell.length);
}

export function toMarkdown({ command, startedAt, machine, benches }: Report): string {
  const tables = Object.entries(benches).map(([name, measurements]) =>
    [
      `## ${name}`,
      '',
      `| ${columns.join(' | ')} |`,
      `|${' --- |'.repeat(columns.length)}`,
      ...measurements.map((measurement) => `| ${cells(measurement).join(' | ')} |`),
      ...notesOf(measurements).flatMap((note) => ['', note]),
    ].join('\n'),
  );
  const { cores, cpu, memoryGiB, system, node, postgres, temporal, loadBefore } = machine;
  return `${[
    `# ${startedAt}`,
    `\`${command}\` on ${cores} cores (${cpu}), ${memoryGiB} GiB, ${system}, Node ${node}, Postgres ${postgres} with fsync, Temporal dev server ${temporal} on a file, tuned; load before: ${loadBefore}. Ratios are medians of pairs measured one after the other.`,
    ...tables,
  ].join('\n\n')}\n`;
}

/** Writes `<name>.json` and `<name>.md`. @returns their paths without the ending */
export async function save(folder: string, name: string, report: Report): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(`${path}.md`, toMarkdown(report));
  return path;
}

function cells(measurement: Measurement): readonly string[] {
  const { what, unit, ours, base, ratio, target } = measurement;
  const met = isMet(measurement);
  return [
    what,
    `${number(ours)} ${unit}`,
    base === undefined ? '' : `${number(base.value)} ${unit} (${base.what})`,
    ratio === undefined ? '' : ratio.toFixed(2),
    target === undefined
      ? ''
      : `${target.kind} ${number(target.value)}${target.of === 'ours' ? ` ${unit}` : ''}`,
    met === undefined ? '' : met ? 'yes' : 'NO',
  ];
}

function number(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
