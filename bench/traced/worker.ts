import { DefaultLogger, Runtime } from '@temporalio/worker';
import { createLog } from '../../temporal/log.ts';
import { parseWorkerEnvironment } from '../../worker/environment.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { tracedClient, tracedDatabase, tracedWorker } from './trace.ts';

// `worker/main.ts`, traced.

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const environment = parseWorkerEnvironment(process.env);
const worker = await runWorker({
  ...{ environment, applicationName: 'tidegate-worker', log: createLog('tidegate-worker', undefined) },
  ...{ openDatabase: () => tracedDatabase(environment), interceptors: tracedClient },
  workerInterceptors: tracedWorker,
});
process.once('SIGTERM', () => worker.stop());
await worker.done;
process.exit(0);
