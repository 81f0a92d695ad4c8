import { createServer } from 'node:http';
import { createApp } from '../../api/app.ts';
import { parseApiEnvironment } from '../../api/environment.ts';
import { createLog } from '../../temporal/log.ts';
import { openDeps } from '../../temporal/open-deps.ts';
import { Faults, type FromProcess } from './faults.ts';

// `api/main.ts` with fault points in its database and its Temporal client, on any free port.

const log = createLog('faulty-api', process.env['TIDEGATE_LOG_LEVEL']);
const faults = new Faults();
faults.listen();

const environment = parseApiEnvironment(process.env);
const deps = await openDeps({
  ...{ environment, applicationName: 'faulty-api', log },
  openDatabase: () => faults.openDatabase(environment.database),
  interceptors: { workflow: [faults.clientInterceptor] },
});
const server = createServer(createApp({ ...deps, temporalUiUrl: undefined, version: 'test' }));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.send?.({ kind: 'ready', url: `http://127.0.0.1:${port}` } satisfies FromProcess);
});
