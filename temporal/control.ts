import { setTimeout as delay } from 'node:timers/promises';
import {
  ApplicationFailure,
  isGrpcServiceError,
  ServiceError,
  type UpdateDefinition,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { leafOfSubscription } from '../core/leaves.ts';
import type { DagId } from '../core/ids.ts';
import { runWorkflowId } from '../core/workflow-names.ts';
import { claimPause, releasePause, requireProjectRuns } from '../store/project-pause.ts';
import type { RunAttempt } from '../store/runs.ts';
import { clearQueueUpdate, pauseUpdate, resumeUpdate } from '../workflows/messages.ts';
import { closeRun } from './close-run.ts';
import { updateConsumer } from './consumer-workflow.ts';
import type { Deps } from './deps.ts';
import { reach } from './reach.ts';
import { syncDeployed } from './deploy.ts';

/** How often an update is told while its consumer closes under it, or has a task to do over; about 10 s in all. */
const maxTellings = 12;
/** How long a consumer may take to answer: above the 10 s after which Temporal takes a task from a worker that was lost, twice. */
const answerWithinMs = 30_000;
const firstPauseMs = 10;
const longestPauseMs = 2_000;
/** NOT_FOUND, FAILED_PRECONDITION and ABORTED: what Temporal says of an update whose execution closed, or cannot take it now. */
const closingCodes = [5, 9, 10];

/**
 * Pauses or resumes a DAG: its consumer opens no runs, its schedule makes no ticks, events keep queueing.
 * @throws TidegateError `temporal_unreachable` when Temporal or every worker is away; then nothing changed. `project_paused` when it is to be
 * resumed while the whole project is paused
 */
export async function setPaused(deps: Deps, dagId: DagId, isPaused: boolean): Promise<void> {
  if (isPaused) await claimPause(deps.db, dagId, 'dag');
  else await requireProjectRuns(deps.db, dagId);
  await tellPaused(deps, dagId, isPaused);
  if (!isPaused) await releasePause(deps.db, dagId, 'dag');
  // Its schedule follows; where that is cut off a sweep does it.
  await reach(() => syncDeployed(deps, 0));
}

/** Tells a consumer that it is paused, or no more; telling it again changes nothing. */
export async function tellPaused(deps: Deps, dagId: DagId, isPaused: boolean): Promise<void> {
  await reach(() => ask(deps, dagId, isPaused ? pauseUpdate : resumeUpdate, []));
}

/** What to clear of a DAG's queue, and who asks for it. */
export interface ClearRequest {
  /** Numbers of the subscriptions to clear, instead of all. */
  readonly subscriptions?: readonly number[];
  /** Clears only what was recorded before this time. */
  readonly before?: number | null;
  readonly who: string;
}

/**
 * Clears what is queued for these subscriptions, or for all; recorded with who asked.
 * @throws TidegateError `temporal_unreachable` when Temporal or every worker is away
 */
export async function clearQueue(
  deps: Deps,
  dagId: DagId,
  { subscriptions, before = null, who }: ClearRequest,
): Promise<{ readonly cleared: number }> {
  const leaves = subscriptions?.map((id) => leafOfSubscription(id)) ?? null;
  return reach(() => ask(deps, dagId, clearQueueUpdate, [{ leaves, before, who }]));
}

/** Cancels an open run: its tasks are told to stop. One that has no workflow yet is closed at once. */
export async function cancelRun(deps: Deps, run: RunAttempt): Promise<void> {
  const { dagId, runId, attempt } = run;
  const handle = deps.temporal.client.workflow.getHandle(runWorkflowId(dagId, runId, attempt));
  try {
    await reach(() => handle.cancel());
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await closeRun(deps, { ...run, state: 'failed', reason: 'cancelled', ends: {} });
  }
}

/** Updates can be told again, so one that meets a consumer just as it continues as new is told to the next one. */
async function ask<Result, Args extends unknown[]>(
  { temporal }: Deps,
  dagId: DagId,
  update: UpdateDefinition<Result, Args>,
  args: Args,
): Promise<Result> {
  const until = Date.now() + answerWithinMs;
  for (let told = 1; ; told += 1) {
    try {
      // Without a limit it would be told again until a worker comes, long after whoever asked has gone.
      return await temporal.client.withDeadline(until, () => updateConsumer(temporal, dagId, update, args));
    } catch (error) {
      if (told === maxTellings || !metClosing(error)) throw error;
      await delay(Math.min(longestPauseMs, firstPauseMs * 2 ** told));
    }
  }
}

function metClosing(error: unknown): boolean {
  if (error instanceof WorkflowUpdateFailedError) {
    return (
      error.cause instanceof ApplicationFailure && error.cause.type === 'AcceptedUpdateCompletedWorkflow'
    );
  }
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && closingCodes.includes(cause.code);
}
