import { countEnds, type InstanceEnd, type InstanceEnds } from './task-shape.ts';

/** What a mapped task goes on from that runs again in part. */
export interface KeptInstances {
  /** Those that run again, in their order. */
  readonly again: readonly number[];
  /** How all others ended. */
  readonly ended: InstanceEnds;
}

/** Parts the instances of a mapped task in those that ended in an attempt before and those that run; `undefined` where all do. */
export function keptInstances(
  count: number,
  ends: readonly { readonly index: number; readonly end: InstanceEnd }[],
): KeptInstances | undefined {
  const kept = new Map(ends.filter(({ index }) => index < count).map(({ index, end }) => [index, end]));
  if (kept.size === 0) return undefined;
  const again = Array.from({ length: count }, (_, index) => index).filter((index) => !kept.has(index));
  return { again, ended: countEnds([...kept.values()]) };
}

/** How all instances ended, given how those did that ran. */
export function withKept(ended: InstanceEnds, kept: KeptInstances | undefined): InstanceEnds {
  if (kept === undefined) return ended;
  return {
    success: ended.success + kept.ended.success,
    failed: ended.failed + kept.ended.failed,
    skipped: ended.skipped + kept.ended.skipped,
  };
}
