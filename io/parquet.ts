import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type IoManager, ioManager } from '../sdk/io.ts';
import { resource } from '../sdk/resource.ts';
import { gone, inside, writeWhole } from './files.ts';
import { optionalPackage } from './optional-package.ts';
import { columnsOf } from './parquet-columns.ts';
import { resultKey } from './result-key.ts';
import { parseRows, type Row } from './rows.ts';

const duckdbPackage = '@duckdb/node-api';

export interface ParquetOptions {
  /** Folder that all workers reach by the same path; it is made where it is not there. */
  readonly folder: string;
  /** @defaultValue `'parquet-files'` */
  readonly name?: string;
}

interface ParquetReference {
  /** Relative to the folder, with `/`. */
  readonly [part: string]: string | number;
  readonly path: string;
  readonly rows: number;
}

/**
 * Tables as Parquet files, one for each try: arrays of objects, with numbers, texts, booleans, dates, and JSON for lists and objects in
 * them. What is not there comes back as `null`.
 */
export function parquetFiles<Columns extends object = Row>(
  options: ParquetOptions,
): IoManager<readonly Columns[], Columns[]>;
export function parquetFiles({ folder, name = 'parquet-files' }: ParquetOptions): IoManager {
  const duckdb = resource({
    name: `DuckDB of ${name}`,
    async setUp() {
      const { DuckDBInstance } = await optionalPackage(name, duckdbPackage, () => import('@duckdb/node-api'));
      return DuckDBInstance.create();
    },
    tearDown: (instance) => instance.closeSync(),
  });
  return ioManager({
    name,
    resources: { duckdb },
    async save(value: unknown, context) {
      const rows = parseRows(value);
      const path = `${resultKey(context)}.parquet`;
      const connection = await context.resources.duckdb.connect();
      try {
        await writeWhole(join(folder, path), (aside) => writeParquet(connection, rows, aside));
      } finally {
        connection.closeSync();
      }
      return { path, rows: rows.length } satisfies ParquetReference;
    },
    async load({ path }: ParquetReference, { resources }) {
      const file = inside(folder, path);
      await stat(file).catch((error: unknown) => {
        throw gone(file, error);
      });
      const connection = await resources.duckdb.connect();
      try {
        return await readParquet(connection, file);
      } finally {
        connection.closeSync();
      }
    },
    remove: ({ path }: ParquetReference) => rm(inside(folder, path), { force: true }),
  });
}

/** Through a file of JSON lines, because DuckDB reads those in parallel, and with types that are said, not guessed. */
async function writeParquet(connection: DuckDBConnection, rows: readonly Row[], file: string): Promise<void> {
  const columns = [...columnsOf(rows)];
  // Parquet has no table without columns.
  const typed = (columns.length === 0 ? [['empty', 'VARCHAR'] as const] : columns)
    .map(([column, type]) => `${quoted(column)}: ${quoted(type)}`)
    .join(', ');
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-parquet-'));
  try {
    const lines = join(folder, 'rows.json');
    await writeFile(lines, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const table = `read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${typed}})`;
    await connection.run(`copy (select * from ${table}) to ${quoted(file)} (format parquet)`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readParquet(connection: DuckDBConnection, file: string): Promise<readonly Row[]> {
  const read = await connection.runAndReadAll(`select * from read_parquet(${quoted(file)})`);
  const types = read.columnTypes();
  const isJson = new Map(read.columnNames().map((column, at) => [column, types[at]?.alias === 'JSON']));
  return read
    .getRowObjectsJS()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([column, value]) => [
          column,
          fromDuckdb(value, isJson.get(column) === true),
        ]),
      ),
    );
}

function fromDuckdb(value: unknown, isJson: boolean): unknown {
  if (isJson && typeof value === 'string') return JSON.parse(value);
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A text, as SQL and as DuckDB's names of fields have it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
