import type { DagId } from '../core/ids.ts';
import {
  claimPause,
  findOwedPauses,
  type ProjectPause,
  readProjectPause,
  releasePause,
  whilePausing,
  wishProjectPaused,
} from '../store/project-pause.ts';
import { tellPaused } from './control.ts';
import type { Deps } from './deps.ts';
import { syncDeployed } from './deploy.ts';
import { reach } from './reach.ts';

/** Consumers told at a time. */
const toldAtOnce = 16;

/**
 * Pauses every DAG of the project, or resumes those that are paused only because of that. The wish is written first: what is cut off
 * is completed by asking again, or by a worker within a minute.
 * @throws TidegateError `temporal_unreachable` when Temporal or every worker is away; the wish stays written, and new DAGs follow it
 */
export async function setProjectPaused(deps: Deps, isPaused: boolean, who: string): Promise<ProjectPause> {
  await wishProjectPaused(deps.db, isPaused, who);
  await settleProjectPause(deps);
  await reach(() => syncDeployed(deps, 0));
  const { changedBy, ...pause } = await readProjectPause(deps.db);
  deps.log.info(isPaused ? 'project paused' : 'project resumed', { who: changedBy });
  return { ...pause, changedBy };
}

/** Tells every DAG that is not yet as the project's pause, or its end, asks for. */
export async function settleProjectPause(deps: Deps): Promise<void> {
  const { db } = deps;
  if ((await findOwedPauses(db, 1)).length === 0) return;
  const told = new Set<string>();
  await whilePausing(db, async () => {
    for (;;) {
      // Asked anew each time: the project may have been resumed while it was being paused.
      const owed = await findOwedPauses(db, told.size + toldAtOnce);
      const next = owed.filter((one) => !told.has(keyOf(one))).slice(0, toldAtOnce);
      if (next.length === 0) return;
      for (const one of next) told.add(keyOf(one));
      await Promise.all(next.map((one) => tell(deps, one.dagId, one.isPaused)));
    }
  });
}

function keyOf({ dagId, isPaused }: { readonly dagId: DagId; readonly isPaused: boolean }): string {
  return `${dagId} ${isPaused}`;
}

async function tell(deps: Deps, dagId: DagId, isPaused: boolean): Promise<void> {
  const { db } = deps;
  if (isPaused) {
    await claimPause(db, dagId, 'project');
    await tellPaused(deps, dagId, true);
    return;
  }
  await tellPaused(deps, dagId, false);
  // Somebody paused it by itself while it was being resumed.
  if ((await releasePause(db, dagId, 'project')) === 'dag') await tellPaused(deps, dagId, true);
}
