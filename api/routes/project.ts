import { Router } from 'express';
import { type ProjectPause, readProjectPause } from '../../store/project-pause.ts';
import { setProjectPaused } from '../../temporal/project-pause.ts';
import { PatchProject, type Project } from '../contract/project.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf } from '../request.ts';
import { toOptionalInstant } from '../wire/instants.ts';

export function projectRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/project', async (_request, response) => {
    response.json(toProject(await readProjectPause(deps.db)));
  });

  router.patch('/project', async (request, response) => {
    const { is_paused, who } = bodyOf(PatchProject, request);
    response.json(toProject(await setProjectPaused(deps, is_paused, who)));
  });

  return router;
}

function toProject(pause: ProjectPause): Project {
  return {
    is_paused: pause.isPaused,
    pause_changed_at: toOptionalInstant(pause.changedAt),
    pause_changed_by: pause.changedBy,
    dags_paused_themselves: pause.dagsPausedThemselves,
    dags_to_tell: pause.dagsToTell,
  };
}
