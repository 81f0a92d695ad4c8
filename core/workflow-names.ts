import type { DagId, RunId, TaskId } from './ids.ts';
import { hashOf } from './text-hash.ts';

/** What deletes what is past its age: the schedule, and the workflow that it starts. */
export const pruneWorkflowId = 'tidegate/prune';

/** Longest summary of an activity, timer or workflow, in bytes: half of what Temporal accepts. */
const maxSummaryBytes = 200;

export function consumerWorkflowId(dagId: DagId): string {
  return `dag/${dagId}`;
}

/** Attempt 1 has no suffix; later ones are runs again of the same run. */
export function runWorkflowId(dagId: DagId, runId: RunId, attempt: number): string {
  return attempt === 1 ? `dag/${dagId}/run/${runId}` : `dag/${dagId}/run/${runId}/${attempt}`;
}

/** Instances of one mapped task. Names of runs fill what an id may have, so which run it is of is a hash. */
export function mappedWorkflowId(dagId: DagId, runId: RunId, attempt: number, taskId: TaskId): string {
  return `map/${dagId}.${taskId}/${hashOf(runWorkflowId(dagId, runId, attempt))}`;
}

export function tickWorkflowId(dagId: DagId): string {
  return `tick/${dagId}`;
}

export function deadlineWorkflowId(dagId: DagId): string {
  return `deadline/${dagId}`;
}

/** Activity type of a task, so that the Web UI's timeline speaks the author's words. */
export function taskActivityType(dagId: DagId, taskId: TaskId): string {
  return `${dagId}.${taskId}`;
}

/** A summary that stays within Temporal's limit however long the names in it are. */
export function summary(text: string): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxSummaryBytes) return text;
  // `stream` leaves out a character that was cut in the middle.
  const cut = new TextDecoder().decode(bytes.subarray(0, maxSummaryBytes - 3), { stream: true });
  return `${cut}...`;
}
