import { sql } from 'kysely';
import supertest from 'supertest';
import type { ProjectPlan } from '../../core/project-plan.ts';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { openDatabase } from '../../store/database.ts';
import { deployProject } from '../../store/deploy.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import type { Log } from '../../temporal/deps.ts';
import { createDeps } from '../../temporal/open-deps.ts';
import { hashOf } from './plans.ts';
import { createMigratedDatabase } from './postgres.ts';
import { createTestNamespace } from './temporal.ts';

/** The API on a database and a namespace of its own, without a worker. */
export interface TestApi {
  readonly http: ReturnType<typeof supertest>;
  readonly deps: ApiDeps;
  /** What was logged, as `level message`. */
  readonly logged: readonly string[];
  /** How many events the log has. */
  countEvents(): Promise<number>;
  stop(): Promise<void>;
}

export async function startApi(project: ProjectPlan, overrides: Partial<ApiDeps> = {}): Promise<TestApi> {
  const database = await createMigratedDatabase();
  const place = await createTestNamespace();
  const db = openDatabase({ url: database.url });
  await deployProject(db, project, hashOf);
  const temporal = await connectTemporal({ ...place, taskQueue: 'tidegate' });
  const { log, logged } = recordingLog();
  const open = createDeps({ db, temporal, clock: Date.now, log });
  const deps: ApiDeps = {
    ...open,
    ...{ temporalUiUrl: 'http://temporal.test', version: '1.2.3' },
    ...overrides,
  };
  return {
    http: supertest(createApp(deps)),
    deps,
    logged,
    countEvents: async () => {
      const { rows } = await sql<{ count: number }>`select count(*) as count from asset_event`.execute(db);
      return rows[0]?.count ?? -1;
    },
    stop: async () => {
      await open.close();
      await database.drop();
    },
  };
}

/** A log that tests can read. */
export function recordingLog(): { readonly log: Log; readonly logged: string[] } {
  const logged: string[] = [];
  const note = (level: string) => (message: string, fields?: object) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  return {
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    logged,
  };
}
