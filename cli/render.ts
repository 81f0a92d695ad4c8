import { unreachable } from '../core/errors.ts';
import { type Page, paint, plain, text } from './cell-text.ts';
import type { Cell, Report, Section } from './report.ts';
import { table } from './table.ts';

export const formats = ['table', 'json', 'plain'] as const;
/** `table` for people; `json` as the API answers; `plain` for `cut` and `awk`: one row a line, tabs between, no headers. */
export type Format = (typeof formats)[number];

/** A report as text that ends with a line break, or nothing. */
export function render({ json, sections }: Report, format: Format, page: Page): string {
  switch (format) {
    case 'json':
      return json === null ? '' : `${JSON.stringify(json, null, 2)}\n`;
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

function painted(cell: Cell, page: Page): string {
  return paint(cell, text(cell, page), page);
}
