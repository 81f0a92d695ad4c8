import type { RunId } from './ids.ts';

/** No run id has a `/`, so no two attempts share a name. */
const separator = '/';

/** Names one attempt of a run where it holds a slot: the run's own id is that of the first, a later one has its number behind it. */
export type Slot = RunId | `${string}/${number}`;

/** The name of an attempt of a run. */
export function slotOf(runId: RunId, attempt: number): Slot {
  return attempt === 1 ? runId : `${runId}${separator}${attempt}`;
}

/** The attempt that has this name. */
export function parseSlot(slot: Slot): { readonly runId: RunId; readonly attempt: number } {
  const [runId = '', attempt] = slot.split(separator);
  return { runId: runId as RunId, attempt: attempt === undefined ? 1 : Number(attempt) };
}

/** Whether it is that of a first attempt: only these take events out of the queue. */
export function isOfFirst(slot: Slot): boolean {
  return !slot.includes(separator);
}
