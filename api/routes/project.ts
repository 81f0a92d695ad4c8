import { Router } from 'express';
import { ageOf, type Retained } from '../../core/retention.ts';
import { type ProjectPause, readProjectPause } from '../../store/project-pause.ts';
import { readRetention, type Retention } from '../../store/retention.ts';
import { setProjectPaused } from '../../temporal/project-pause.ts';
import { PatchProject, type Project } from '../contract/project.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf } from '../request.ts';
import { toOptionalInstant } from '../wire/instants.ts';

export function projectRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/project', async (_request, response) => {
    response.json(toProject(await readProjectPause(deps.db), await readRetention(deps.db)));
  });

  router.patch('/project', async (request, response) => {
    const { is_paused, who } = bodyOf(PatchProject, request);
    const pause = await setProjectPaused(deps, is_paused, who);
    response.json(toProject(pause, await readRetention(deps.db)));
  });

  return router;
}

function toProject(pause: ProjectPause, retention: Retention): Project {
  const seconds = (kind: Retained): number | null => {
    const ageMs = ageOf(retention.plan ?? {}, kind);
    return ageMs === undefined ? null : ageMs / 1_000;
  };
  return {
    is_paused: pause.isPaused,
    pause_changed_at: toOptionalInstant(pause.changedAt),
    pause_changed_by: pause.changedBy,
    dags_paused_themselves: pause.dagsPausedThemselves,
    dags_to_tell: pause.dagsToTell,
    retention: {
      runs: seconds('runs'),
      logs: seconds('logs'),
      events: seconds('events'),
      steps: seconds('steps'),
    },
    runs_pruned_before: toOptionalInstant(retention.runsPrunedBefore),
    events_pruned_before: toOptionalInstant(retention.eventsPrunedBefore),
    steps_pruned_before: toOptionalInstant(retention.stepsPrunedBefore),
  };
}
