import { maxCatchup, timesToMakeUp } from '../core/catch-up.ts';
import { type DagToSettle, readKnownTimes, readSettled, settleTimes } from '../store/missed-times.ts';
import type { Deps } from './deps.ts';
import { requestTick } from './request-run.ts';
import { lastTimes, nextTimes } from './schedule-times.ts';

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
    const missed = timesToMakeUp(catchup, times, await readKnownTimes(db, dagId, times));
    for (const at of missed) {
      const nth = times.indexOf(at);
      const [previousAt = null] =
        nth > 0
          ? times.slice(nth - 1)
          : await lastTimes(temporal, dagId, { after: 0, upTo: at - 1, most: 1 });
      await requestTick(deps, dagId, { nominalAt: at, previousAt });
    }
    if (missed.length > 0) log.info('missed times made up for', { dagId, count: missed.length });
  }
  const [nextAt = null] = plan.cron === null ? [] : await nextTimes(temporal, dagId, { after: now, most: 1 });
  await settleTimes(db, dagId, { upTo: now, nextAt });
}
