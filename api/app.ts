import express, { type Express, type RequestHandler } from 'express';
import { refuseCrossSite } from './cross-site.ts';
import type { ApiDeps } from './deps.ts';
import { answerErrors, HttpProblem } from './errors.ts';
import { openApiDocument } from './openapi.ts';
import { declaredPaths } from './operations.ts';
import { aliasRoutes } from './routes/aliases.ts';
import { assetEventRoutes } from './routes/asset-events.ts';
import { assetRoutes } from './routes/assets.ts';
import { clearingRoutes } from './routes/clearing.ts';
import { dagRunRoutes } from './routes/dag-runs.ts';
import { dagRoutes } from './routes/dags.ts';
import { livenessRoutes, monitorRoutes } from './routes/health.ts';
import { importErrorRoutes } from './routes/import-errors.ts';
import { markingRoutes } from './routes/marking.ts';
import { poolRoutes } from './routes/pools.ts';
import { projectRoutes } from './routes/project.ts';
import { queuedEventRoutes } from './routes/queued-events.ts';
import { taskInstanceRoutes } from './routes/task-instances.ts';

/** Largest body of a request with one thing in it: an extra of 64 KiB may be six times that when every character is escaped. */
const maxBodyBytes = 1_024 * 1_024;
/** Largest body of a bulk request: 10,000 events of about 3 KiB. */
const maxBulkBodyBytes = 32 * 1_024 * 1_024;

/** The HTTP API. It listens to nothing yet. */
export function createApp(deps: ApiDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  // Lists are made anew for every request; hashing them would only cost.
  app.disable('etag');

  app.use(livenessRoutes(deps));
  app.get('/openapi.json', serveDocument(deps));

  app.use(refuseCrossSite);
  app.use('/api/v2/assets/events/bulk', express.json({ limit: maxBulkBodyBytes }));
  app.use('/api/v2', express.json({ limit: maxBodyBytes }));
  app.use('/api/v2', monitorRoutes(deps), importErrorRoutes(deps), projectRoutes(deps), poolRoutes(deps));
  // Before assets, whose ids stand in the same place of the path as `events`, `aliases` and `queuedEvent`.
  app.use('/api/v2', assetEventRoutes(deps), aliasRoutes(deps), queuedEventRoutes(deps), assetRoutes(deps));
  app.use('/api/v2', dagRoutes(deps), dagRunRoutes(deps), taskInstanceRoutes(deps));
  app.use('/api/v2', clearingRoutes(deps), markingRoutes(deps));

  for (const [path, methods] of declaredPaths()) app.route(path).all(refuseMethod(methods));
  app.use((request) => {
    throw new HttpProblem(
      404,
      'unknown_path',
      `there is no ${request.path}: GET /openapi.json lists what there is`,
    );
  });
  app.use(answerErrors(deps.log));
  return app;
}

function serveDocument({ version }: ApiDeps): RequestHandler {
  let text: string | undefined;
  return (_request, response) => {
    text ??= JSON.stringify(openApiDocument(version));
    response.type('application/json').send(text);
  };
}

function refuseMethod(methods: readonly string[]): RequestHandler {
  const allow = methods.join(', ');
  return (request, response) => {
    response.set('Allow', allow);
    throw new HttpProblem(405, 'method_not_allowed', `${request.method} is not possible here: use ${allow}`);
  };
}
