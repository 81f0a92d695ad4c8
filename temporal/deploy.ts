import type { ProjectPlan } from '../core/project-plan.ts';
import { type Deployed, deployProject } from '../store/deploy.ts';
import { findDuePools, findUntold } from '../store/pool-sweep.ts';
import { findUnsynced, markSynced } from '../store/syncing.ts';
import { catchUp } from './catch-up.ts';
import { ensureConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';
import { planHash } from './plan-hash.ts';
import { syncRetention } from './retention.ts';
import { syncSchedules } from './schedules.ts';

/** Puts a project in force: definitions, consumers and schedules. Doing it again changes nothing. */
export async function deploy(deps: Deps, project: ProjectPlan): Promise<Deployed> {
  const deployed = await deployProject(deps.db, project, planHash);
  // Consumers that run hear of their new definition in the same stream as of events.
  deps.dispatcher.notify([...deployed.changed, ...deployed.retired]);
  // Those who wait for what changed, or is gone, need not wait for a sweep.
  deps.pools.notify(await findDuePools(deps.db));
  deps.pools.tell(await findUntold(deps.db, 0));
  await syncDeployed(deps, 0);
  await syncRetention(deps);
  return deployed;
}

/** Gives what was deployed its consumers and schedules, also what a deploy left behind that was cut off. */
export async function syncDeployed(deps: Deps, olderThanMs: number): Promise<void> {
  const { db, temporal, log } = deps;
  for (const dag of await findUnsynced(db, olderThanMs)) {
    const { dagId, plan, isPaused } = dag;
    if (plan !== null) await ensureConsumer(temporal, dagId);
    await syncSchedules(temporal, dag);
    await markSynced(db, dag);
    if (plan === null || isPaused) continue;
    // What fails here is found again by a sweep, and keeps no other DAG waiting.
    await catchUp(deps, { dagId, plan }).catch((error: unknown) =>
      log.warn('missed times not made up for yet', { dagId, error: String(error) }),
    );
  }
}
