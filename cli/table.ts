import { briefText, type Page, paint, text } from './cell-text.ts';
import type { Cell, Column } from './report.ts';

/** Rows under headers, aligned, within the terminal as far as cutting free text makes them. */
export function table(
  { columns, rows }: { readonly columns: readonly Column[]; readonly rows: readonly (readonly Cell[])[] },
  page: Page,
): readonly string[] {
  // Instants are written in full where that costs nobody else anything.
  const full = layout(columns, rows, (cell) => text(cell, page));
  const isTight = overhang(full.widths, page.width) > 0;
  const { texts, widths: natural } = isTight ? layout(columns, rows, (cell) => briefText(cell, page)) : full;
  const widths = fit(columns, natural, page.width);
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

function layout(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  write: (cell: Cell) => string,
): { readonly texts: readonly (readonly string[])[]; readonly widths: readonly number[] } {
  const texts = rows.map((row) => row.map(write));
  const widths = columns.map(({ header }, at) =>
    texts.reduce((widest, row) => Math.max(widest, lengthOf(row[at] ?? '')), header.length),
  );
  return { texts, widths };
}

const gap = 2;
const narrowest = 8;

/** Widths that fit the terminal, as far as cutting free text makes them; anything else wraps rather than lose its end. */
function fit(
  columns: readonly Column[],
  widths: readonly number[],
  width: number | undefined,
): readonly number[] {
  const tooMuch = overhang(widths, width);
  if (tooMuch <= 0) return widths;
  const [widest, at] = widths.reduce<readonly [number, number]>(
    (found, each, index) => (columns[index]?.cut === true && each > found[0] ? [each, index] : found),
    [narrowest, -1],
  );
  if (at === -1) return widths;
  const narrowed = Math.max(narrowest, Math.ceil((widest + narrowest) / 2), widest - tooMuch);
  return fit(columns, widths.with(at, Math.min(widest - 1, narrowed)), width);
}

/** By how much a line is longer than the terminal's. */
function overhang(widths: readonly number[], width: number | undefined): number {
  if (width === undefined) return 0;
  return widths.reduce((sum, each) => sum + each + gap, -gap) - width;
}

function cut(shown: string, width: number): string {
  const letters = Array.from(shown);
  return letters.length <= width ? shown : `${letters.slice(0, width - 1).join('')}…`;
}

function lengthOf(shown: string): number {
  return Array.from(shown).length;
}
