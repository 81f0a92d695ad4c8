import { createServer, type Server } from 'node:http';
import packageJson from '../package.json' with { type: 'json' };
import { TidegateError } from '../core/errors.ts';
import { openDatabase } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import { reachDatabase } from '../store/reach.ts';
import { Recorder } from '../store/recorder.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { Dispatcher } from '../temporal/dispatch.ts';
import { claimNamespace } from '../temporal/namespace-guard.ts';
import { createApp } from './app.ts';
import { type ApiEnvironment, parseApiEnvironment } from './environment.ts';
import { createLog } from './log.ts';

// The API as a process of its own: reads its environment, makes sure of Postgres and Temporal, listens.

/** Longest a stopping API waits for answers under way; below the 10 s after which process managers kill. */
const graceMs = 8_000;

const log = createLog('tidegate-api', process.env['TIDEGATE_LOG_LEVEL']);

try {
  await serve(parseApiEnvironment(process.env));
} catch (error) {
  if (error instanceof TidegateError) process.stderr.write(`${error.message}\n`);
  else log.error('start failed', { error: error instanceof Error ? error.stack : String(error) });
  process.exit(error instanceof TidegateError ? 2 : 1);
}

async function serve(environment: ApiEnvironment): Promise<void> {
  const { database, temporal: temporalOptions, temporalUiUrl } = environment;
  const db = openDatabase({ ...database, applicationName: 'tidegate-api' });
  await reachDatabase(db, database.url);
  await migrate(db, database.schema);
  const temporal = await connectTemporal(temporalOptions);
  await claimNamespace(db, temporal);

  const dispatcher = new Dispatcher({ db, temporal, log });
  const deps = { db, recorder: new Recorder(db), dispatcher, temporal, clock: Date.now, log };
  const server = createServer(createApp({ ...deps, temporalUiUrl, version: packageJson.version }));
  await listen(server, environment);
  log.info('listening', { url: `http://${environment.host}:${environment.port}` });

  const stop = async (): Promise<void> => {
    setTimeout(() => process.exit(1), graceMs).unref();
    await close(server);
    await dispatcher.stop();
    await temporal.client.connection.close();
    await db.destroy();
    log.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

function listen(server: Server, { host, port }: ApiEnvironment): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = `TIDEGATE_API_HOST ${host}, TIDEGATE_API_PORT ${port}`;
      reject(new TidegateError('invalid_environment', `${where}: cannot listen there: ${error.message}`));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
