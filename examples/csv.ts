import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';

/** The lines of a small CSV file with a header, each checked; a file that is read at once fits in memory many times over. */
export async function readCsv<Row>(file: URL, parseRow: (line: unknown) => Row): Promise<readonly Row[]> {
  const lines: unknown = parse(await readFile(fileURLToPath(file)), { columns: true, cast: false });
  if (!Array.isArray(lines)) throw new Error(`${file.pathname} has no lines`);
  return lines.map((line) => parseRow(line));
}
