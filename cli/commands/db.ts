import type { RetentionPlan } from '../../core/retention.ts';
import { compileRetention } from '../../sdk/compile-retention.ts';
import { type Db, openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { prune } from '../../store/prune.ts';
import { reachDatabase } from '../../store/reach.ts';
import { readRetention } from '../../store/retention.ts';
import { parseEnvironment } from '../../temporal/environment.ts';
import { invalid } from '../command-failure.ts';
import { requireProjectVariables } from '../project-variables.ts';
import type { Report } from '../report.ts';
import type { Session } from '../session.ts';

/** Brings the schema of a project up to date. */
export function migrateDatabase({ surroundings }: Session): Promise<Report> {
  return withDatabase(surroundings, async (db, schema) => {
    const ran = await migrate(db, schema);
    const facts = [
      ['schema', schema],
      ['ran', ran.join(', ') || 'nothing: it is up to date'],
    ] as const;
    return { json: { schema, migrations: ran }, sections: [{ kind: 'facts', facts }] };
  });
}

/** Ages as they are written on the command line. */
export interface PruneOptions {
  readonly olderThan?: string;
  readonly runsOlderThan?: string;
  readonly logsOlderThan?: string;
  readonly eventsOlderThan?: string;
  readonly stepsOlderThan?: string;
  readonly dryRun?: true;
}

/** Deletes what is past its age, or says what that would be. */
export function pruneDatabase({ surroundings }: Session, options: PruneOptions): Promise<Report> {
  const asked = agesOf(options);
  return withDatabase(surroundings, async (db, schema) => {
    await migrate(db, schema);
    const plan = asked ?? (await readRetention(db)).plan;
    if (plan === null)
      throw invalid(
        '--older-than is expected: the project says nothing of retention in its tidegate.config.ts',
      );
    const isDry = options.dryRun === true;
    const removed = await prune(db, plan, { isDry });
    const rows = Object.entries(removed).map(([table, count]) => [table, count]);
    const columns = [{ header: 'TABLE' }, { header: isDry ? 'WOULD GO' : 'WENT' }];
    return {
      json: { dry_run: isDry, retention_ms: plan, removed },
      sections: [{ kind: 'table', columns, rows, empty: 'nothing has an age' }],
    };
  });
}

/** @returns `undefined` where none is named */
function agesOf({ olderThan, ...ages }: PruneOptions): RetentionPlan | undefined {
  const named = {
    runs: ages.runsOlderThan ?? olderThan,
    logs: ages.logsOlderThan ?? olderThan,
    events: ages.eventsOlderThan ?? olderThan,
    steps: ages.stepsOlderThan ?? olderThan,
  };
  const given = Object.entries(named).flatMap(([kind, age]) =>
    age === undefined ? [] : [[kind, age] as const],
  );
  return given.length === 0 ? undefined : compileRetention(Object.fromEntries(given));
}

async function withDatabase(
  surroundings: Session['surroundings'],
  act: (db: Db, schema: string) => Promise<Report>,
): Promise<Report> {
  const { database } = parseEnvironment(requireProjectVariables(surroundings).variables);
  const db = openDatabase({ ...database, applicationName: 'tidegate-db' });
  try {
    await reachDatabase(db, database.url);
    return await act(db, database.schema);
  } finally {
    await db.destroy();
  }
}
