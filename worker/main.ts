import { Runtime } from '@temporalio/worker';
import { TidegateError } from '../core/errors.ts';
import { redactor } from '../sdk/secrets.ts';
import { valueOf } from '../temporal/environment.ts';
import { createLog } from '../temporal/log.ts';
import { parseWorkerEnvironment } from './environment.ts';
import { runWorker } from './run-worker.ts';
import { temporalLogger } from './temporal-logger.ts';

// A worker as a process of its own: reads its environment, makes sure of Postgres and Temporal, works until it is told to stop.

const name = 'tidegate-worker';
const redact = (line: string): string => `${redactor().jsonText(line.trimEnd())}\n`;

try {
  const log = createLog(name, valueOf(process.env, 'TIDEGATE_LOG_LEVEL'), redact);
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
  const environment = parseWorkerEnvironment(process.env);
  const worker = await runWorker({ environment, applicationName: name, log });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => worker.stop());
  await worker.done;
  log.info('stopped');
  process.exit(0);
} catch (error) {
  if (error instanceof TidegateError) {
    process.stderr.write(`${redactor().text(error.message)}\n`);
    process.exit(2);
  }
  const reason = error instanceof Error ? error.stack : String(error);
  createLog(name, undefined, redact).error('worker failed', { error: reason });
  process.exit(1);
}
