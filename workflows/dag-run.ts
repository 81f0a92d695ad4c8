import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  setCurrentDetails,
} from '@temporalio/workflow';
import type { CallbackCause } from '../core/callback.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import { failedTasks, outcomeOf, type RunPlan, type TaskEnd, updatedBy } from '../core/run-plan.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import { listenForCallbacks } from './callbacks.ts';
import { closeRun, readAttempt } from './local-activities.ts';
import { listenForSlots, type Slots, type Taken } from './pool-slots.ts';
import { turnsOf } from './one-by-one.ts';
import { type PlannedRun, runTasks } from './run-tasks.ts';
import { makeFindable } from './search-attributes.ts';

export interface DagRunInput {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly trigger: 'asset' | 'manual' | 'scheduled';
  /** Partition key it is of, where runs are by partition. */
  readonly partitionKey?: string;
  readonly version: number;
  /** Frozen: whatever authors edit, this run executes what it started with. A later attempt reads that by itself. */
  readonly plan: RunPlan;
  readonly searchAttributes: readonly SearchAttributeName[];
}

/** One run: its tasks as their dependencies and trigger rules allow. It fails when the run fails. */
export async function dagRun(given: DagRunInput): Promise<void> {
  const { input, kept } = given.attempt === 1 ? { input: given, kept: {} } : await resumed(given);
  const { dagId, runId, attempt, plan } = input;
  const ends: Record<TaskId, TaskEnd> = { ...kept };
  const whole = CancellationScope.current();
  const { timeoutMs } = plan;
  const tasks = new CancellationScope({
    cancellable: true,
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  });
  const callbacks = listenForCallbacks(input);
  const marked = new Map<TaskId, TaskEnd>();
  const slots = listenForSlots(turnsOf(plan));
  const slot = await takeSlot(input, slots);
  const isStopped =
    slot.kind === 'cancelled' ||
    (slot.kind === 'taken' && (await tasks.run(() => runTasks(input, { ends, marked, slots }))));

  const isTimedOut = isStopped && tasks.consideredCancelled && !whole.consideredCancelled;
  const isCancelled = isStopped && !isTimedOut;
  const state = isStopped ? 'failed' : outcomeOf(plan, ends);
  const ownReason = slot.kind === 'failed' ? slot.reason : reasonOf(plan, ends);
  const reason = isCancelled ? 'cancelled' : isTimedOut ? timedOut(timeoutMs) : ownReason;
  // Closing is not cancelled with the run: its row must not stay open.
  await CancellationScope.nonCancellable(async () => {
    await callbacks.end(causeOf(plan, { state, reason, ends }));
    // A mark is no proof that anything was updated.
    const byHand = new Set<string>(marked.keys());
    const own = Object.entries(ends).filter(([taskId]) => !byHand.has(taskId));
    const outlets = updatedBy(plan, state, Object.fromEntries(own));
    const updates = outlets.length === 0 ? {} : { outlets };
    await closeRun({ dagId, runId, attempt, state, reason, ends, ...updates });
    if (plan.pool !== undefined) await slots.giveBack(plan.pool, { run: input });
    makeFindable(input.searchAttributes, { TidegateState: isCancelled ? 'cancelled' : state });
  });
  if (isCancelled) throw new CancelledFailure('the run was cancelled');
  if (state === 'failed') throw ApplicationFailure.nonRetryable(`the run failed: ${reason}`, 'RunFailed');
}

/** Where runs hold slots of a pool as a whole, waits for them; the time it waits is no part of its time-out. */
async function takeSlot(run: PlannedRun, slots: Slots): Promise<Taken | { readonly kind: 'cancelled' }> {
  if (run.plan.pool === undefined) return { kind: 'taken' };
  const onWait = (why: string | null): void => setCurrentDetails(why === null ? '' : `queued, ${why}`);
  try {
    return await slots.take(run.plan.pool, { run, onWait });
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return { kind: 'cancelled' };
  }
}

/** What a later attempt executes, and how the tasks ended that do not run again in it. */
async function resumed(given: DagRunInput) {
  const { dagId, runId, attempt } = given;
  // Cancelled before its start, it still has a row to close.
  const { plan, ends } = await CancellationScope.nonCancellable(() => readAttempt({ dagId, runId, attempt }));
  return { input: { ...given, plan }, kept: ends };
}

function timedOut(timeoutMs = 0): string {
  return `it took longer than its time-out of ${timeoutMs / 1_000} s`;
}

interface RunEnd {
  readonly state: 'success' | 'failed';
  readonly reason: string | null;
  readonly ends: Readonly<Record<TaskId, TaskEnd>>;
}

function causeOf(plan: RunPlan, { state, reason, ends }: RunEnd): CallbackCause {
  return state === 'success'
    ? { kind: 'success' }
    : { kind: 'failure', reason, failedTasks: failedTasks(plan, ends) };
}

function reasonOf(plan: RunPlan, ends: Readonly<Record<TaskId, TaskEnd>>): string | null {
  const failed = failedTasks(plan, ends);
  if (failed.length === 0) return null;
  return `task ${failed.slice(0, 5).join(', ')}${failed.length > 5 ? ` and ${failed.length - 5} more` : ''} failed`;
}
