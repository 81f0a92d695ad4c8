import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { reachDatabase } from '../../store/reach.ts';
import { parseEnvironment } from '../../temporal/environment.ts';
import { requireProjectVariables } from '../project-variables.ts';
import type { Report } from '../report.ts';
import type { Session } from '../session.ts';

/** Brings the schema of a project up to date. */
export async function migrateDatabase({ surroundings }: Session): Promise<Report> {
  const { database } = parseEnvironment(requireProjectVariables(surroundings).variables);
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
