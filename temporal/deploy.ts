import { createHash } from 'node:crypto';
import type { ProjectPlan } from '../core/project-plan.ts';
import type { DagPlan } from '../core/run-plan.ts';
import { type Deployed, deployProject } from '../store/deploy.ts';
import { ensureConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';
import { removeSchedule, syncSchedule } from './schedules.ts';

/** Puts a project in force: definitions, consumers and schedules. Doing it again changes nothing. */
export async function deploy(deps: Deps, project: ProjectPlan): Promise<Deployed> {
  const deployed = await deployProject(deps.db, project, hashOf);
  const isTouched = new Set([...deployed.created, ...deployed.changed]);
  await Promise.all(deployed.created.map((dagId) => ensureConsumer(deps.temporal, dagId)));
  // Consumers that run hear of their new definition in the same stream as of events.
  deps.dispatcher.notify([...deployed.changed, ...deployed.retired]);
  for (const plan of project.dags) {
    if (isTouched.has(plan.dagId)) await syncSchedule(deps.temporal, plan);
  }
  for (const dagId of deployed.retired) await removeSchedule(deps.temporal, dagId);
  return deployed;
}

function hashOf(plan: DagPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}
