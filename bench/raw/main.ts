import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { rawActivities } from './activities.ts';

// The worker of the raw side: the same kind of process as ours, with the same limits.

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const worker = await Worker.create({
  connection,
  taskQueue: 'raw',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: rawActivities,
  maxConcurrentActivityTaskExecutions: 100,
});
process.once('SIGTERM', () => worker.shutdown());
const running = worker.run();
process.stdout.write('worker ready\n');
await running;
process.exit(0);
