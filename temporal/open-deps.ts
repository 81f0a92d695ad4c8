import type { ClientOptions } from '@temporalio/client';
import { type Db, openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { reachDatabase } from '../store/reach.ts';
import { Recorder } from '../store/recorder.ts';
import { ClosedRuns } from './closed-runs.ts';
import { connectTemporal } from './connect.ts';
import type { Deps, Log } from './deps.ts';
import { Dispatcher } from './dispatch.ts';
import type { Environment } from './environment.ts';
import { claimNamespace } from './namespace-guard.ts';
import { Pools } from './pools.ts';
import { RequestedRuns } from './requested-runs.ts';

export interface OpenOptions {
  readonly environment: Environment;
  /** Names the process to Postgres. */
  readonly applicationName: string;
  readonly log: Log;
  /** Opens the database in another way. @defaultValue a pool on `environment.database` */
  readonly openDatabase?: () => Db;
  readonly interceptors?: NonNullable<ClientOptions['interceptors']>;
}

/** What a process works with, and how it lets go of it. */
export interface OpenDeps extends Deps {
  close(): Promise<void>;
}

/**
 * Reaches Postgres and Temporal, brings the schema up to date, and makes sure that both belong to the same project.
 * @throws TidegateError `database_unreachable`, `temporal_unreachable` or `wrong_project`
 */
export async function openDeps(options: OpenOptions): Promise<OpenDeps> {
  const { environment, applicationName, log, interceptors } = options;
  const db = options.openDatabase?.() ?? openDatabase({ ...environment.database, applicationName });
  try {
    await reachDatabase(db, environment.database.url);
    await migrate(db, environment.database.schema);
    const temporal = await connectTemporal({ ...environment.temporal, interceptors });
    await claimNamespace(db, temporal);
    return createDeps({ db, temporal, clock: Date.now, log });
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** The deps of a process that has reached Postgres and Temporal. */
export function createDeps(reached: Pick<Deps, 'db' | 'temporal' | 'clock' | 'log'>): OpenDeps {
  const { db, temporal } = reached;
  const dispatcher = new Dispatcher(reached);
  const closedRuns = new ClosedRuns(reached);
  const requestedRuns = new RequestedRuns(reached);
  const pools = new Pools(reached);
  return {
    ...{ ...reached, recorder: new Recorder(db), dispatcher, closedRuns, requestedRuns, pools },
    async close() {
      // What is still sent over a closed connection would throw out of nowhere.
      await dispatcher.stop();
      await closedRuns.stop();
      await requestedRuns.stop();
      await pools.stop();
      await temporal.client.connection.close();
      await db.destroy();
    },
  };
}
