import { createServer, type Server } from 'node:http';
import packageJson from '../package.json' with { type: 'json' };
import { TidegateError } from '../core/errors.ts';
import type { Log } from '../temporal/deps.ts';
import { valueOf } from '../temporal/environment.ts';
import { createLog } from '../temporal/log.ts';
import { openDeps } from '../temporal/open-deps.ts';
import { createApp } from './app.ts';
import { type ApiEnvironment, parseApiEnvironment } from './environment.ts';

// The API as a process of its own: reads its environment, makes sure of Postgres and Temporal, listens.

/** Longest a stopping API waits for answers under way; below the 10 s after which process managers kill. */
const graceMs = 8_000;

const name = 'tidegate-api';

try {
  const log = createLog(name, valueOf(process.env, 'TIDEGATE_LOG_LEVEL'));
  await serve(parseApiEnvironment(process.env), log);
} catch (error) {
  if (error instanceof TidegateError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  const reason = error instanceof Error ? error.stack : String(error);
  createLog(name, undefined).error('start failed', { error: reason });
  process.exit(1);
}

async function serve(environment: ApiEnvironment, log: Log): Promise<void> {
  const deps = await openDeps({ environment, applicationName: name, log });
  const { temporalUiUrl } = environment;
  const server = createServer(createApp({ ...deps, temporalUiUrl, version: packageJson.version }));
  await listen(server, environment);
  log.info('listening', { url: `http://${environment.host}:${environment.port}` });

  const stop = async (): Promise<void> => {
    setTimeout(() => process.exit(1), graceMs).unref();
    await close(server);
    await deps.close();
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
