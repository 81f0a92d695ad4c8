import { maxCatchup, timesToMakeUp } from '../core/catch-up.ts';
import { type DagToSettle, readKnownTimes, readSettled, settleTimes } from '../store/missed-times.ts';
import type { Deps } from './deps.ts';
import { requestTick } from './request-run.ts';
import { lastTimes, nextTimes, withPrevious } from './schedule-times.ts';

/**
 * Requests the runs of times that passed without one, as far as the DAG makes up for them: while it was paused, before it was deployed, or
 * while Temporal was away. What is cut off is done again, and makes no run twice.
 */
export async function catchUp(deps: Deps, dag: DagToSettle): Promise<void> {
  const { db, temporal, log } = deps;
  const { dagId, plan } = dag;
  const settled = await readSettled(db, dag);
  if (settled === undefined) return;
  const { settledAt, now } = settled;
  const { catchup } = plan;
  if (plan.cron !== null && catchup !== undefined) {
    const most = catchup === 'latest' ? 1 : maxCatchup;
    const times = await lastTimes(temporal, dagId, { after: settledAt, upTo: now, most });
    const missed = new Set(timesToMakeUp(catchup, times, await readKnownTimes(db, dagId, times)));
    const ticks = missed.size === 0 ? [] : await withPrevious(temporal, dagId, times);
    for (const tick of ticks.filter(({ nominalAt }) => missed.has(nominalAt)))
      await requestTick(deps, dagId, tick);
    if (missed.size > 0) log.info('missed times made up for', { dagId, count: missed.size });
  }
  const [nextAt = null] = plan.cron === null ? [] : await nextTimes(temporal, dagId, { after: now, most: 1 });
  await settleTimes(db, dagId, { upTo: now, nextAt });
}
