import { Runtime, Worker } from '@temporalio/worker';
import { TidegateError } from '../../core/errors.ts';
import { createLog } from '../../temporal/log.ts';
import { parseWorkerEnvironment } from '../../worker/environment.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { temporalLogger } from '../../worker/temporal-logger.ts';
import { Faults, type FromProcess } from './faults.ts';

// `worker/main.ts` with fault points in its database, its Temporal client and its activities.

const log = createLog('faulty-worker', process.env['TIDEGATE_LOG_LEVEL']);
Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });
// Workflows stick to the worker that ran them; the heir of a killed one should not have to wait 10 s for each.
const create = Worker.create.bind(Worker);
Worker.create = (options) => create({ ...options, stickyQueueScheduleToStartTimeout: '500 milliseconds' });
const faults = new Faults();
faults.listen(process.env['TIDEGATE_TEST_FAULTS']);

try {
  const environment = parseWorkerEnvironment(process.env);
  const worker = await runWorker({
    ...{ environment, applicationName: 'faulty-worker', log },
    openDatabase: () => faults.openDatabase(environment.database),
    interceptors: { workflow: [faults.clientInterceptor] },
    workerInterceptors: { activity: [faults.activityInterceptor] },
  });
  process.on('SIGTERM', () => worker.stop());
  process.send?.({ kind: 'ready' } satisfies FromProcess);
  await worker.done;
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(error instanceof TidegateError ? 2 : 1);
}
