import { sql } from 'kysely';
import type { Db } from '../../store/database.ts';

/** Replaces the clock of a database: with a time it stands still there; otherwise each look at it is 5 ms later than the one before. */
export async function setClock(db: Db, at: Date | 'ticking' | 'real'): Promise<void> {
  if (at === 'ticking') await sql`create sequence if not exists looks`.execute(db);
  const time =
    at === 'ticking'
      ? `clock_timestamp() + nextval('looks') * interval '5 milliseconds'`
      : at === 'real'
        ? `date_trunc('milliseconds', clock_timestamp())`
        : `timestamptz '${at.toISOString()}'`;
  await sql
    .raw(`create or replace function clock() returns timestamptz language sql volatile as $$select ${time}$$`)
    .execute(db);
}
