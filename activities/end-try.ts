import { ApplicationFailure, CancelledFailure, type Context } from '@temporalio/activity';
import { NonRetryable } from '../sdk/retry-errors.ts';
import { redactor } from '../sdk/secrets.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import { isTaskSkipped, TaskSkipped } from '../sdk/task-skipped.ts';
import { handBackTry } from '../store/hand-back.ts';
import { type Begun, type Ended, failTry, restTry, skipTry } from '../store/task-runs.ts';
import type { WorkerDeps } from './deps.ts';
import { judgeFailure } from './failed-try.ts';
import { keepTrying } from './keep-trying.ts';
import type { RunTask, TaskResult } from './run-task.ts';
import { stopReasonOf } from './stopping.ts';
import type { BufferedLog } from './task-log.ts';
import { tellRetry } from './tell-retry.ts';

/** Another worker may begin what was handed back at once. */
const handedBackPauseMs = 1;
/** A try while it goes on. */
export interface Try {
  readonly context: Context;
  /** Aborted when it is to stop. */
  readonly stopped: AbortSignal;
  readonly code: TaskDefinition;
  readonly task: RunTask;
  readonly begun: Extract<Begun, { readonly kind: 'begun' }>;
}

/** Another try took over, or the answer to this one was lost: the next one finds out which. */
export class LostTry extends Error {
  override readonly name = 'LostTry';
  override readonly message = 'the try is no longer the running one';
}

/** Gives the worker back until the condition is asked again, or gives the condition up. */
export async function askLater(
  { db, clock }: WorkerDeps,
  { task, begun }: Try,
  pauseMs: number,
  log: BufferedLog,
): Promise<never> {
  const { shape } = task;
  if (shape?.kind === 'poke' && shape.timeoutMs !== null) {
    const waitedMs = clock() - begun.startedAt.getTime();
    const reason = `nothing was there within ${shape.timeoutMs / 1_000} s`;
    if (waitedMs >= shape.timeoutMs && shape.onTimeout === 'skip') throw new TaskSkipped(reason);
    if (waitedMs >= shape.timeoutMs) throw new NonRetryable(reason);
  }
  await log.close();
  const rested = await keepTrying(
    () => restTry(db, { ...task, try: begun.try }),
    new AbortController().signal,
  );
  if (rested === 'lost') throw new LostTry();
  throw new NotYet(pauseMs);
}

/** A condition that is asked again after a pause. */
export class NotYet extends ApplicationFailure {
  constructor(pauseMs: number) {
    super('not yet', 'NotYet', false, null, undefined, pauseMs);
  }
}

/** Writes down how a try ended that did not succeed, and tells Temporal what follows. */
export async function endTry(
  deps: WorkerDeps,
  { context, stopped, task, begun }: Try,
  error: unknown,
  log: BufferedLog,
): Promise<TaskResult> {
  const { db } = deps;
  const tried = { ...task, try: begun.try };
  const { signal } = new AbortController();
  const told = (ended: Ended): void => {
    if (ended === 'lost') throw new LostTry();
  };
  if (isTaskSkipped(error)) {
    const reason = redactor().text(error.message);
    log.info('task skipped', { reason });
    await log.close();
    told(await keepTrying(() => skipTry(db, tried, reason), signal));
    return { state: 'skipped' };
  }
  const reason = stopReasonOf(context.cancellationSignal, stopped);
  // A worker that stops or was given up on hands the try back: that is nobody's failure, the next one begins anew.
  if (reason?.kind === 'handed back') {
    log.warn('try handed back', { why: reason.why, try: begun.try });
    await log.close();
    // Where that cannot be written the next try finds it running, which is the same.
    await handBackTry(db, tried, reason.why).catch(() => undefined);
    throw ApplicationFailure.create({
      ...{ message: `the try was handed back: ${reason.why}`, type: 'TryInterrupted' },
      nextRetryDelay: handedBackPauseMs,
    });
  }
  if (reason?.kind === 'cancelled') {
    log.error('task cancelled');
    await keepTrying(() => failTry(db, tried, 'cancelled', true), signal);
    throw new CancelledFailure('the task was cancelled');
  }
  const message = redactor().text(error instanceof Error ? error.message : String(error));
  const failures = begun.failures + 1;
  const { isFinal, pauseMs } = judgeFailure(error, task.retries, failures);
  log.error('try failed', {
    error: message,
    try: begun.try,
    isFinal,
    stack: error instanceof Error ? error.stack : undefined,
  });
  // The log comes first: whoever sees the failure can read why.
  await log.close();
  told(await keepTrying(() => failTry(db, tried, message, isFinal), signal));
  if (isFinal) throw failed(message);
  if (task.tellsRetries === true) await tellRetry(deps, tried, message);
  throw ApplicationFailure.create({
    ...{ message, type: 'TaskFailed', nonRetryable: false },
    nextRetryDelay: pauseMs,
  });
}

/** Ends a task for good. */
export function failed(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'TaskFailed');
}
