import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import { runWorkflowId } from '../core/workflow-names.ts';
import { findUntoldDeadlines } from '../store/deadlines.ts';
import { findUndelivered } from '../store/deliveries.ts';
import { forgetKeys } from '../store/idempotency-keys.ts';
import { findUnsettled } from '../store/missed-times.ts';
import { findDeadLeases, findDuePools, findUntold } from '../store/pool-sweep.ts';
import type { RunAttempt } from '../store/runs.ts';
import {
  findDeployedDags,
  findMarkedRuns,
  findOpenRuns,
  findUnreportedRuns,
  findUnstartedRuns,
  findWaitingRequests,
  markWorkflowSeen,
  type OpenRun,
} from '../store/sweep.ts';
import { findUntoldMarks } from '../store/untold-marks.ts';
import type { dagRun } from '../workflows/dag-run.ts';
import { deadlineSignal } from '../workflows/messages.ts';
import { runStartOptions } from '../workflows/run-start.ts';
import { catchUp } from './catch-up.ts';
import { closeRun } from './close-run.ts';
import { ensureConsumer, signalConsumer } from './consumer-workflow.ts';
import { cancelRun } from './control.ts';
import type { Deps } from './deps.ts';
import { syncDeployed } from './deploy.ts';
import { tellMark } from './mark-task.ts';
import { settleProjectPause } from './project-pause.ts';
import { syncRetention } from './retention.ts';

/** How long the usual way has before a sweep goes it again. */
const patienceMs = 3_000;
/** How long a deadline may wait to be decided before its consumer is told of it again. */
const deadlinePatienceMs = 30_000;
/** Idempotency keys forgotten by one statement, and statements of one sweep: 1,000 a second, spread over all workers. */
const keysAtOnce = 1_000;
const keyBatches = 60;
/** How often times are looked for that passed without a run: Temporal itself makes up for those of its last ten minutes. */
const catchUpEveryMs = 600_000;
/** How long a deploy may take to bring Temporal in line. */
const deployPatienceMs = 30_000;

/** How long the key of a request is kept, so that the same request may be sent again. */
export const defaultIdempotencyRetentionMs = 7 * 86_400_000;

interface Sweeping extends Deps {
  readonly searchAttributes: readonly SearchAttributeName[];
}

export interface SweepOptions {
  /** Also asks Temporal about every open run and consumer, and forgets what is past its age. */
  readonly isFull: boolean;
  /** @defaultValue 7 days */
  readonly idempotencyRetentionMs?: number;
}

/** Finishes what crashed processes left between their steps. */
export async function sweep(
  deps: Sweeping,
  { isFull, idempotencyRetentionMs = defaultIdempotencyRetentionMs }: SweepOptions,
): Promise<void> {
  const { db, dispatcher, closedRuns, requestedRuns, pools, temporal } = deps;
  if (isFull) {
    await each(deps, await findDeployedDags(db), (dagId) => ensureConsumer(temporal, dagId));
    await each(deps, await findOpenRuns(db), (run) => closeIfEnded(deps, run));
  }
  // A deploy that is under way does this itself; two at once could leave the older schedule.
  await syncDeployed(deps, deployPatienceMs);
  dispatcher.notify(await findUndelivered(db));
  await each(deps, await findUnstartedRuns(db, patienceMs), (run) => startMissing(deps, run));
  for (const { dagId, slot } of await findUnreportedRuns(db, patienceMs)) closedRuns.report(dagId, slot);
  pools.tell(await findUntold(db, patienceMs));
  pools.notify(await findDuePools(db));
  if (isFull) await freeDeadLeases(deps);
  await each(deps, await findMarkedRuns(db), (run) => cancelRun(deps, run));
  await each(deps, await findUntoldMarks(db), (mark) => tellMark(deps, mark));
  const due = await findUntoldDeadlines(db, deadlinePatienceMs);
  await each(deps, due, ({ dagId, dueAt }) => signalConsumer(temporal, dagId, deadlineSignal, [dueAt]));
  await each(deps, await findUnsettled(db, catchUpEveryMs), (dag) => catchUp(deps, dag));
  for (const dagId of await findWaitingRequests(db, patienceMs)) requestedRuns.report(dagId);
  if (isFull) await forgetOldKeys(deps, idempotencyRetentionMs);
  if (isFull) await syncRetention(deps);
  if (isFull) await settleProjectPause(deps);
}

/** Takes slots of pools back from whom nobody took them: workflows that were terminated, or are gone. */
async function freeDeadLeases(deps: Deps): Promise<void> {
  const { db, pools, log } = deps;
  const dead = [...(await findDeadLeases(db))].map(([pool, holders]) => ({ pool, holders }));
  await each(deps, dead, async ({ pool, holders }) => {
    await Promise.all(holders.map((holder) => pools.giveBack(pool, holder)));
    log.info('slots of a pool freed by the sweep', { pool, freed: holders.length });
  });
}

/** In small batches, so that none holds locks for long; what is left is for the next sweep. */
async function forgetOldKeys({ db, log }: Deps, olderThanMs: number): Promise<void> {
  let forgotten = 0;
  for (let batch = 0; batch < keyBatches; batch += 1) {
    const count = await forgetKeys(db, olderThanMs, keysAtOnce);
    forgotten += count;
    if (count < keysAtOnce) break;
  }
  if (forgotten > 0) log.debug('idempotency keys forgotten', { forgotten });
}

/** One that cannot be finished now does not keep the others waiting. */
async function each<Item>(
  { log }: Deps,
  items: readonly Item[],
  finish: (item: Item) => Promise<void>,
): Promise<void> {
  for (const item of items) {
    try {
      await finish(item);
    } catch (error) {
      log.warn('sweep could not finish this, will be tried again', { item, error: String(error) });
    }
  }
}

async function startMissing(deps: Sweeping, run: OpenRun): Promise<void> {
  const { temporal, searchAttributes, log } = deps;
  const { dagId, runId, partitionKey, ...rest } = run;
  const input = { dagId, runId, ...rest, ...(partitionKey === null ? {} : { partitionKey }) };
  try {
    await temporal.client.workflow.start<typeof dagRun>('dagRun', {
      ...runStartOptions({ ...input, searchAttributes }),
      taskQueue: temporal.taskQueue,
    });
    log.info('run without a workflow started', { dagId, runId });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    await closeIfEnded(deps, { ...run, state: 'queued' });
    await markWorkflowSeen(deps.db, run);
  }
}

/** Closes the row of a run whose workflow ended without doing so: somebody terminated it, it could not go on, or it is gone. */
async function closeIfEnded(
  deps: Deps,
  { dagId, runId, attempt, state }: RunAttempt & { readonly state: 'queued' | 'running' },
): Promise<void> {
  const status = await statusOf(deps, runWorkflowId(dagId, runId, attempt));
  // A queued run without a workflow never had one: it is started.
  if (status === 'open' || (status === 'gone' && state === 'queued')) return;
  const reason = `its workflow ended without closing it: ${status}`;
  const wasOpen = await closeRun(deps, { dagId, runId, attempt, state: 'failed', reason, ends: {} });
  if (wasOpen) deps.log.warn('run closed by the sweep', { dagId, runId, reason });
}

/** How a workflow ended; `open` while it goes on, `gone` when Temporal does not know it. */
async function statusOf({ temporal }: Deps, workflowId: string): Promise<string> {
  try {
    const { status } = await temporal.client.workflow.getHandle(workflowId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED' || status.name === 'UNSPECIFIED'
      ? 'open'
      : status.name.toLowerCase();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'gone';
    throw error;
  }
}
