import type { Cell } from './report.ts';
import type { Terminal } from './terminal.ts';
import { distanceText, durationText, instantText } from './time-text.ts';

/** What rendering asks of a terminal. */
export type Page = Pick<Terminal, 'colors' | 'width' | 'now'>;

/** The text of a cell in the cell's colour. */
export function paint(cell: Cell, shown: string, { colors }: Page): string {
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

/** A cell as people read it. */
export function text(cell: Cell, { now }: Page): string {
  if (cell === null) return '-';
  if (typeof cell !== 'object') return harmless(yesOrNo(cell));
  if (cell.kind === 'instant') return instantText(cell.at, now());
  return cell.kind === 'duration' ? durationText(cell.seconds) : harmless(cell.text);
}

/** An instant only as its distance: what it is for in a table. */
export function briefText(cell: Cell, page: Page): string {
  if (typeof cell !== 'object' || cell?.kind !== 'instant') return text(cell, page);
  return distanceText(Date.parse(cell.at), page.now());
}

/** A cell as scripts read it. */
export function plain(cell: Cell): string {
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
