import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A folder that stands for a bucket: `TIDEGATE_DATA_LAKE`, or one below the working directory. */
export function dataLakeFolder(): string {
  return resolve(process.env['TIDEGATE_DATA_LAKE'] ?? join('.tidegate', 'data-lake'), 'processed_data');
}

/** Writes a file of the lake whole or not at all: readers see the old one until the new one is complete. */
export async function writeToLake(name: string, text: string): Promise<string> {
  const path = join(dataLakeFolder(), name);
  await mkdir(dirname(path), { recursive: true });
  // Two writers, such as two runs at once, must not share one unfinished file.
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  return path;
}

/** Reads a file of the lake that holds one JSON value a line. */
export async function readLines<Row>(name: string, parse: (value: unknown) => Row): Promise<readonly Row[]> {
  const text = await readFile(join(dataLakeFolder(), name), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => parse(JSON.parse(line)));
}

/** One JSON value a line. */
export function toLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
