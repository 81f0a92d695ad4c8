import { createServer } from 'node:http';
import { createApp } from '../../api/app.ts';
import { parseApiEnvironment } from '../../api/environment.ts';
import { createLog } from '../../temporal/log.ts';
import { openDeps } from '../../temporal/open-deps.ts';
import { trace, tracedClient, tracedDatabase, wallNow } from './trace.ts';

// `api/main.ts`, traced.

const environment = parseApiEnvironment(process.env);
const deps = await openDeps({
  ...{ environment, applicationName: 'tidegate-api', log: createLog('tidegate-api', undefined) },
  ...{ openDatabase: () => tracedDatabase(environment), interceptors: tracedClient },
});
const app = createApp({ ...deps, temporalUiUrl: undefined, version: 'traced' });
const server = createServer((request, response) => {
  const from = wallNow();
  response.on('finish', () => trace('request', from, wallNow()));
  app(request, response);
});
server.listen(environment.port, environment.host);
process.once('SIGTERM', () => process.exit(0));
