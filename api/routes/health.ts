import { Router } from 'express';
import type { Liveness, MonitorHealth, Readiness, Version } from '../contract/health.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { type Lack, lackOfDatabase, lackOfTemporal } from '../readiness.ts';

/** What load balancers and people at a shell ask, outside of the versioned API. */
export function livenessRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/health', (_request, response) => {
    response.json({ status: 'ok' } satisfies Liveness);
  });

  router.get('/ready', async (_request, response) => {
    const lacks = await Promise.all([lackOfDatabase(deps), lackOfTemporal(deps)]);
    const reasons = lacks.filter((lack) => lack !== undefined);
    if (reasons.length > 0) throw new HttpProblem(503, 'not_ready', reasons.join('; '), { reasons });
    response.json({ status: 'ready' } satisfies Readiness);
  });

  router.get('/version', (_request, response) => {
    response.json({ version: deps.version, git_version: null } satisfies Version);
  });

  return router;
}

export function monitorRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/monitor/health', async (_request, response) => {
    const [database, temporal] = await Promise.all([lackOfDatabase(deps), lackOfTemporal(deps)]);
    const health: MonitorHealth = {
      metadatabase: { status: statusOf(database) },
      scheduler: { status: statusOf(temporal), latest_scheduler_heartbeat: null },
      triggerer: { status: statusOf(temporal), latest_triggerer_heartbeat: null },
      dag_processor: null,
      temporal: { status: statusOf(temporal), namespace: deps.temporal.namespace },
    };
    response.json(health);
  });

  router.get('/version', (_request, response) => {
    response.json({ version: deps.version, git_version: null } satisfies Version);
  });

  return router;
}

function statusOf(lack: Lack): 'healthy' | 'unhealthy' {
  return lack === undefined ? 'healthy' : 'unhealthy';
}
