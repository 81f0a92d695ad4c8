import { sql } from 'kysely';
import type { Db } from '../../store/database.ts';
import { eventually } from './tidegate.ts';

/** Resolves once a transaction of this database waits for another one. */
export async function someoneWaits(db: Db): Promise<void> {
  await eventually(async () => {
    const { rows } = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      db,
    );
    return rows.length > 0;
  });
}
