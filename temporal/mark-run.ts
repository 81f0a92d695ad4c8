import { type MarkedRun, markRun as writeMark, type RunMark } from '../store/marks.ts';
import { cancelRun } from './control.ts';
import type { Deps } from './deps.ts';

/**
 * Gives a run a state by hand. The tasks of one that is open are told to stop, and it gets the state when they have; where that is cut off a sweep
 * goes on with it.
 * @throws TidegateError `temporal_unreachable` when an open run cannot be told to stop now
 */
export async function markRun(deps: Deps, mark: RunMark): Promise<MarkedRun> {
  const marked = await writeMark(deps.db, mark);
  if (marked.kind === 'stopping') {
    const { dagId, runId } = mark;
    await cancelRun(deps, { dagId, runId, attempt: marked.attempt });
  }
  return marked;
}
