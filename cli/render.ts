import { unreachable } from '../core/errors.ts';
import type { Cell, Column, Report, Section } from './report.ts';
import type { Terminal } from './terminal.ts';
import { durationText, instantText } from './time-text.ts';

export const formats = ['table', 'json', 'plain'] as const;
/** `table` for people; `json` as the API answers; `plain` for `cut` and `awk`: one row a line, tabs between, no headers. */
export type Format = (typeof formats)[number];

type Page = Pick<Terminal, 'colors' | 'width' | 'now'>;

/** A report as text that ends with a line break, or nothing. */
export function render({ json, sections }: Report, format: Format, page: Page): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(json, null, 2)}\n`;
    case 'plain':
      return lines(sections.flatMap(plainLines));
    case 'table':
      return lines(
        sections.flatMap((section, index) => [...(index === 0 ? [] : ['']), ...people(section, page)]),
      );
    default:
      return unreachable(format);
  }
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

function plainLines(section: Section): readonly string[] {
  switch (section.kind) {
    case 'facts':
      return section.facts.map(([name, cell]) => `${name}\t${plain(cell)}`);
    case 'table':
      return section.rows.map((row) => row.map(plain).join('\t'));
    case 'lines':
      return section.lines.map((line) => line.map(plain).join(''));
    default:
      return unreachable(section);
  }
}

function people(section: Section, page: Page): readonly string[] {
  switch (section.kind) {
    case 'facts': {
      const width = Math.max(0, ...section.facts.map(([name]) => name.length));
      const { dim } = page.colors;
      return section.facts.map(([name, cell]) => `${dim(name.padEnd(width))}  ${painted(cell, page)}`);
    }
    case 'table':
      return [
        ...titleOf(section, page),
        ...(section.rows.length === 0 ? [page.colors.dim(section.empty)] : table(section, page)),
      ];
    case 'lines':
      return [
        ...titleOf(section, page),
        ...section.lines.map((line) => line.map((cell) => painted(cell, page)).join('')),
      ];
    default:
      return unreachable(section);
  }
}

function titleOf({ title }: { readonly title?: string }, { colors }: Page): readonly string[] {
  return title === undefined ? [] : [colors.bold(title)];
}

function table(
  { columns, rows }: { readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[] },
  page: Page,
): readonly string[] {
  const texts = rows.map((row) => row.map((cell) => text(cell, page)));
  const widths = fit(
    columns,
    columns.map(({ header }, at) => Math.max(header.length, ...texts.map((row) => lengthOf(row[at] ?? '')))),
    page.width,
  );
  const line = (cells: readonly string[], tint: (shown: string, at: number) => string): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        const shown = cut(cell, width);
        return tint(shown, at) + (at === cells.length - 1 ? '' : ' '.repeat(width - lengthOf(shown)));
      })
      .join('  ')
      .trimEnd();
  return [
    line(
      columns.map(({ header }) => header),
      (header) => page.colors.dim(header),
    ),
    ...texts.map((row, index) => line(row, (shown, at) => paint(rows[index]?.[at] ?? null, shown, page))),
  ];
}

const gap = 2;
const narrowest = 8;

/** Widths that fit the terminal, as far as cutting free text makes them; anything else wraps rather than lose its end. */
function fit(
  columns: readonly Column[],
  widths: readonly number[],
  width: number | undefined,
): readonly number[] {
  const total = widths.reduce((sum, each) => sum + each + gap, -gap);
  if (width === undefined || total <= width) return widths;
  const [widest, at] = widths.reduce<readonly [number, number]>(
    (found, each, index) => (columns[index]?.cut === true && each > found[0] ? [each, index] : found),
    [narrowest, -1],
  );
  if (at === -1) return widths;
  const narrowed = Math.max(narrowest, Math.ceil((widest + narrowest) / 2), widest - (total - width));
  return fit(columns, widths.with(at, Math.min(widest - 1, narrowed)), width);
}

function cut(shown: string, width: number): string {
  const letters = Array.from(shown);
  return letters.length <= width ? shown : `${letters.slice(0, width - 1).join('')}…`;
}

function lengthOf(shown: string): number {
  return Array.from(shown).length;
}

function painted(cell: Cell, page: Page): string {
  return paint(cell, text(cell, page), page);
}

function paint(cell: Cell, shown: string, { colors }: Page): string {
  if (typeof cell !== 'object' || cell === null || cell.kind !== 'toned') return shown;
  const paints = {
    good: colors.green,
    bad: colors.red,
    busy: colors.yellow,
    dim: colors.dim,
    strong: colors.bold,
  } as const;
  return paints[cell.tone](shown);
}

function text(cell: Cell, { now }: Page): string {
  if (cell === null) return '-';
  if (typeof cell !== 'object') return harmless(yesOrNo(cell));
  if (cell.kind === 'instant') return instantText(cell.at, now());
  return cell.kind === 'duration' ? durationText(cell.seconds) : harmless(cell.text);
}

function plain(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'object') return harmless(String(cell));
  if (cell.kind === 'instant') return cell.at;
  return cell.kind === 'duration' ? String(cell.seconds) : harmless(cell.text);
}

function yesOrNo(value: string | number | boolean): string {
  if (typeof value !== 'boolean') return String(value);
  return value ? 'yes' : 'no';
}

/** Text of others must neither move the cursor nor break a row. */
function harmless(value: string): string {
  return value.replaceAll(/\p{Cc}+/gu, ' ');
}
