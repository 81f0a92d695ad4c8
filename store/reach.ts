import { sql } from 'kysely';
import { TidegateError } from '../core/errors.ts';
import type { Db } from './database.ts';
import { outageOf } from './outage.ts';

/**
 * Makes sure that Postgres answers, before anything relies on it.
 * @throws TidegateError `database_unreachable` naming where it was looked for, without user and password
 */
export async function reachDatabase(db: Db, url: string): Promise<void> {
  try {
    await sql`select 1`.execute(db);
  } catch (error) {
    const reason = outageOf(error) ?? (error instanceof Error ? error.message : String(error));
    const { host, pathname } = new URL(url);
    throw new TidegateError(
      'database_unreachable',
      `DATABASE_URL ${host}${pathname}: Postgres does not answer: ${reason}`,
      { cause: error },
    );
  }
}
