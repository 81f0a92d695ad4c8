import type { DagId } from '../core/ids.ts';
import type { Deps } from './deps.ts';
import { reach } from './reach.ts';
import type { Tick } from './request-run.ts';
import { lastTimes, nextTimes } from './schedule-times.ts';

/** The next times of a DAG's schedule, each with the one before it; also while it is paused. */
export async function nextTicks(
  { temporal, clock }: Pick<Deps, 'temporal' | 'clock'>,
  dagId: DagId,
  most: number,
): Promise<readonly Tick[]> {
  return reach(async () => {
    const times = await nextTimes(temporal, dagId, { after: clock(), most });
    const [first] = times;
    if (first === undefined) return [];
    const [before = null] = await lastTimes(temporal, dagId, { after: 0, upTo: first - 1, most: 1 });
    return times.map((nominalAt, nth) => ({ nominalAt, previousAt: times[nth - 1] ?? before }));
  });
}
