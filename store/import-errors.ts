import { sql } from 'kysely';
import type { Db } from './database.ts';
import { countFrom, type OrderedPage, pageOf } from './page.ts';

/** A broken file; its number is its place by name. */
export interface ImportErrorRecord {
  readonly number: number;
  readonly file: string;
  readonly message: string;
  readonly at: Date;
}

const columns = { id: 'number', import_error_id: 'number', filename: 'file', timestamp: 'at' } as const;

/** Files of the latest deploy that could not be loaded or did not compile. */
export async function listImportErrors(
  db: Db,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly ImportErrorRecord[]> {
  const { rows } = await sql<ImportErrorRecord>`
    select number, file, message, at
    from (select row_number() over (order by file) as number, file, message, at from import_error) as broken
    ${pageOf(columns, page, 'number')}`.execute(db);
  return rows;
}

export async function countImportErrors(db: Db): Promise<number> {
  return countFrom(db, sql`import_error`);
}
