import { setTimeout as delay } from 'node:timers/promises';
import { TidegateError } from '../core/errors.ts';
import type { DagId } from '../core/ids.ts';
import { listQueued, type QueuedRecord, type QueueFilter } from '../store/queued-events.ts';
import { clearQueue } from '../temporal/control.ts';
import type { ApiDeps } from './deps.ts';

/** Consumers asked at a time. */
const consumersAtOnce = 16;
/** How long a consumer may take to count what was recorded before somebody asked to clear it. */
const countedWithinMs = 10_000;
const pauseMs = 50;

/**
 * Clears what is queued now, as the log has it: a consumer that has yet to count some of it is asked again.
 * @returns how many events left their queues
 * @throws TidegateError `temporal_unreachable` when a consumer does not answer, or does not come to count in time
 */
export async function clearQueued(deps: ApiDeps, filter: QueueFilter, who: string): Promise<number> {
  const found = await listQueued(deps.db, filter);
  const dagIds = [...new Set(found.map(({ dagId }) => dagId))];
  let cleared = 0;
  for (let at = 0; at < dagIds.length; at += consumersAtOnce) {
    const asked = dagIds.slice(at, at + consumersAtOnce).map((dagId) => {
      const records = found.filter((record) => record.dagId === dagId);
      return clearConsumer(deps, { dagId, records, before: filter.before, who });
    });
    const counts = await Promise.all(asked);
    cleared += counts.reduce((sum, count) => sum + count, 0);
  }
  return cleared;
}

interface Wish {
  readonly dagId: DagId;
  readonly records: readonly QueuedRecord[];
  readonly before: number | undefined;
  readonly who: string;
}

async function clearConsumer(deps: ApiDeps, { dagId, records, before, who }: Wish): Promise<number> {
  const subscriptions = records.map(({ subscription }) => subscription);
  const upTo = Math.max(...records.map(({ queued }) => queued.lastSeq));
  const until = performance.now() + countedWithinMs;
  let cleared = 0;
  for (;;) {
    cleared += (await clearQueue(deps, dagId, { subscriptions, before: before ?? null, who })).cleared;
    const left = (await listQueued(deps.db, { dagId, before })).filter(
      ({ subscription, queued }) => subscriptions.includes(subscription) && queued.firstSeq <= upTo,
    );
    if (left.length === 0) return cleared;
    if (performance.now() > until) {
      throw new TidegateError(
        'temporal_unreachable',
        `DAG ${dagId} has not counted its events up to ${upTo} yet, ${cleared} were cleared: try again`,
      );
    }
    await delay(pauseMs);
  }
}
