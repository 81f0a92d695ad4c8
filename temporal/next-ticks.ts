import type { DagId } from '../core/ids.ts';
import type { Deps } from './deps.ts';
import { reach } from './reach.ts';
import type { Tick } from '../store/ticks.ts';
import { nextTimes, withPrevious } from './schedule-times.ts';

/** The next times of a DAG's schedule, each with the one before it; also while it is paused. */
export async function nextTicks(
  { temporal, clock }: Pick<Deps, 'temporal' | 'clock'>,
  dagId: DagId,
  most: number,
): Promise<readonly Tick[]> {
  return reach(async () => {
    const times = await nextTimes(temporal, dagId, { after: clock(), most });
    return withPrevious(temporal, dagId, times);
  });
}
