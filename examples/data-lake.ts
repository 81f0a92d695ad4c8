import { randomUUID } from 'node:crypto';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** One part of the data lake of the examples: a folder that stands for a bucket and a prefix. */
export interface DataLake {
  /**
   * Writes a file of one JSON value a line, whole or not at all: readers see the old one until the new one is complete.
   */
  writeLines(name: string, rows: readonly unknown[]): Promise<void>;
  /** The same with one value, indented. */
  writeJson(name: string, value: unknown): Promise<void>;
  readLines<Row>(name: string, parse: (value: unknown) => Row): Promise<readonly Row[]>;
  readJson<Value>(name: string, parse: (value: unknown) => Value): Promise<Value>;
  has(name: string): Promise<boolean>;
}

/** A part of the lake, below `TIDEGATE_DATA_LAKE`, or below `.tidegate/data-lake` of the working directory. */
export function dataLake(part: string): DataLake {
  // Asked for at each call: a worker has its variables when a task runs, a test when it says so.
  const pathOf = (name: string): string =>
    join(resolve(process.env['TIDEGATE_DATA_LAKE'] ?? join('.tidegate', 'data-lake')), part, name);
  return {
    writeLines: (name, rows) =>
      writeWhole(pathOf(name), rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
    writeJson: (name, value) => writeWhole(pathOf(name), `${JSON.stringify(value, undefined, 2)}\n`),
    async readLines(name, parse) {
      const text = await readFile(pathOf(name), 'utf8');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => parse(JSON.parse(line)));
    },
    readJson: async (name, parse) => parse(JSON.parse(await readFile(pathOf(name), 'utf8'))),
    has: (name) =>
      access(pathOf(name)).then(
        () => true,
        () => false,
      ),
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
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
}
