import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { reachDatabase } from '../../store/reach.ts';
import { parseEnvironment } from '../../temporal/environment.ts';
import type { Report } from '../report.ts';

/** Brings the schema of `DATABASE_URL` up to date. */
export async function migrateDatabase(): Promise<Report> {
  const { database } = parseEnvironment(process.env);
  const db = openDatabase({ ...database, applicationName: 'tidegate-db' });
  try {
    await reachDatabase(db, database.url);
    const ran = await migrate(db, database.schema);
    const facts = [
      ['schema', database.schema],
      ['ran', ran.join(', ') || 'nothing: it is up to date'],
    ] as const;
    return { json: { schema: database.schema, migrations: ran }, sections: [{ kind: 'facts', facts }] };
  } finally {
    await db.destroy();
  }
}
