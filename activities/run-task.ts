import { ApplicationFailure, CancelledFailure, Context, log as workerLog } from '@temporalio/activity';
import type { CallbackCause } from '../core/callback.ts';
import { TidegateError, unreachable } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import { toStorableJson } from '../core/json.ts';
import type { RetryPlan } from '../core/retry.ts';
import { savedResultOf } from '../core/saved-result.ts';
import { type Choice, choiceOf, type TaskShape } from '../core/task-shape.ts';
import { taskActivityType } from '../core/workflow-names.ts';
import { NonRetryable } from '../sdk/retry-errors.ts';
import { isTaskSkipped, TaskSkipped } from '../sdk/task-skipped.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import type { AnyAsset, AnySource } from '../sdk/index.ts';
import { instanceOf } from '../sdk/instance.ts';
import { redactor } from '../sdk/secrets.ts';
import { isAlias, isAsset } from '../sdk/source.ts';
import { AssetIds } from '../store/asset-ids.ts';
import { TemplateIds } from '../store/template-ids.ts';
import { KnownAssets } from '../store/known-assets.ts';
import { handBackTry } from '../store/hand-back.ts';
import type { RunAttempt } from '../store/runs.ts';
import {
  beginTry,
  type Begun,
  type Ended,
  type EndedTask,
  failTry,
  readEnded,
  restTry,
  skipTry,
} from '../store/task-runs.ts';
import { recordSuccess } from '../temporal/record-events.ts';
import type { WorkerDeps } from './deps.ts';
import { createEmitNow } from './emit-now.ts';
import { createOutbox } from './emitted.ts';
import { judgeFailure } from './failed-try.ts';
import type { Room } from './passages.ts';
import { type Beat, codeMissingSinceAt, startHeartbeat } from './heartbeat.ts';
import { keepTrying } from './keep-trying.ts';
import { type EventCatalog, toNewEvents } from './new-events.ts';
import { resolveInlets, resolveOutlets } from './resolve-references.ts';
import { stoppingBy, stopReasonOf } from './stopping.ts';
import { execute } from './task-code.ts';
import { readInputs } from './task-inputs.ts';
import { outcomeOf } from './task-outcome.ts';
import { tellRetry } from './tell-retry.ts';
import { templateValues } from './template-values.ts';
import { createTaskIo } from './task-io.ts';
import { createTriggerRun } from './trigger-run.ts';
import { type BufferedLog, createTaskLog } from './task-log.ts';
import { createProgressWriter } from './task-progress.ts';

/** One task of one run, with what its frozen plan says about running it. */
export interface RunTask extends RunAttempt {
  readonly taskId: TaskId;
  /** Which instance of a mapped task; absent of a task that is not mapped. */
  readonly mapIndex?: number;
  /** What a callback is called for. */
  readonly cause?: CallbackCause;
  /** Whether its run is told of tries that fail. */
  readonly tellsRetries?: boolean;
  /** What is special about it; absent of most. */
  readonly shape?: TaskShape;
  readonly needs: readonly TaskId[];
  readonly retries: RetryPlan;
  readonly timeoutMs: number | null;
  /** How long it may take to stop when it is told to; absent is the default. */
  readonly cancelGraceMs?: number;
}

/** How a task ended that did not fail. What it returned is in Postgres. */
export interface TaskResult {
  readonly state: 'success' | 'skipped';
  /** What it decided about those behind it. */
  readonly choice?: Choice;
}

/** How long a task waits for a worker that has its code. */
const codePatienceMs = 10 * 60_000;
const codePauseMs = 5_000;
/** Another worker may begin what was handed back at once. */
const handedBackPauseMs = 1;
/** Largest result, as JSON. */
const maxResultBytes = 256 * 1_024;

type RunningTry = Extract<Begun, { kind: 'begun' }>;

/** Runs tasks: begins a try, runs the author's code, and records its end together with its asset events. */
export function createRunTask(deps: WorkerDeps): (task: RunTask) => Promise<TaskResult> {
  const assetIds = new AssetIds(deps.db);
  const known = new KnownAssets(deps.db, deps.clock);
  const templateIds = new TemplateIds(deps.db, deps.clock);
  return async (task) => {
    const context = Context.current();
    assertKnown(context, task);
    const code = deps.tasks.findTask(task.dagId, task.taskId);
    if (code === undefined) return withoutCode(deps, context, task);
    const stopHeartbeat = startHeartbeat(context);
    const stopping = stoppingBy(context.cancellationSignal, deps.handBack);
    try {
      const begun = await beginTry(deps.db, { ...task, worker: deps.identity });
      const running = { context, stopped: stopping.signal, code, task };
      return begun.kind === 'begun'
        ? await runTry(deps, { assetIds, known, templateIds }, { ...running, begun })
        : resultOf(begun, task);
    } finally {
      stopping.close();
      stopHeartbeat();
    }
  };
}

/** What the store has of a task that an earlier try ended: its code does not run again. */
function resultOf(ended: EndedTask, { shape }: RunTask): TaskResult {
  switch (ended.kind) {
    case 'ended':
      if (ended.state === 'failed') throw failed(ended.error ?? 'the task failed');
      return { state: ended.state, ...(ended.state === 'success' ? choiceOf(shape, ended.result) : {}) };
    case 'run closed':
      throw ApplicationFailure.nonRetryable('the run is closed', 'RunClosed');
    default:
      return unreachable(ended);
  }
}

interface Try {
  readonly context: Context;
  /** Aborted when it is to stop. */
  readonly stopped: AbortSignal;
  readonly code: TaskDefinition;
  readonly task: RunTask;
  readonly begun: RunningTry;
}

/** What a worker has read of the assets. */
interface Catalog extends EventCatalog {
  readonly known: KnownAssets;
}

async function runTry(deps: WorkerDeps, { known, ...catalog }: Catalog, running: Try): Promise<TaskResult> {
  const { stopped: signal, code, task, begun } = running;
  const tried = { ...task, try: begun.try };
  if (begun.failures > task.retries.max) {
    const error = `the tries before took longer than their time-out of ${task.timeoutMs} ms`;
    await failTry(deps.db, tried, error, true);
    throw failed(error);
  }
  const log = createTaskLog(deps.db, tried, {
    now: deps.clock,
    warn: (message, fields) => workerLog.warn(message, fields),
  });
  const progress = createProgressWriter(deps.db, tried, (message, fields) => workerLog.warn(message, fields));
  const describe = (asset: AnyAsset): AnyAsset => deps.tasks.describe(asset);
  const room: Room = {
    describe,
    clashOf: (asset) => known.clashOf(asset),
    instanceOf: (asset, partitionKey) => instanceOf(asset, templateValues(code, begun.run, partitionKey)),
  };
  const io = createTaskIo({ ...deps, room, tried, code, partitionKey: begun.run.partition_key, log });
  try {
    if (code.outlets.some(mayRegister)) await keepTrying(() => known.refresh(), signal);
    const outlets = await keepTrying(() => resolveOutlets(deps.db, code.outlets, describe), signal);
    const outbox = createOutbox(outlets, { room, runKey: begun.run.partition_key });
    const emitNow = createEmitNow(deps, catalog, outbox, tried, signal);
    const inlets = await keepTrying(() => resolveInlets(deps.db, code.inlets, describe), signal);
    const inputs = await keepTrying(() => readInputs(deps.db, task, code), signal);
    const execution = {
      db: deps.db,
      assetIds: catalog.assetIds,
      stopped: signal,
      code,
      task,
      begun,
      inputs,
      outbox,
      log,
      emitNow,
      progress,
      triggerRun: createTriggerRun(deps, task),
      resources: deps.resources,
      io,
    };
    const outcome = outcomeOf(task.shape, await execute({ ...execution, inlets }));
    if (outcome.kind === 'not yet') return await askLater(deps, running, outcome.pauseMs, log);
    const success = { ...tried, result: storableResult(outcome.result, log) };
    const emitted = outbox.events();
    const events = await keepTrying(() => toNewEvents(deps, catalog, emitted), signal);
    // The log comes first: whoever sees the success can read it.
    await Promise.all([log.close(), progress.close()]);
    const recorded = await keepTrying(() => recordSuccess(deps, success, events), signal);
    if (recorded.kind === 'lost') throw new LostTry();
    return { state: 'success', ...(outcome.choice === undefined ? {} : { choice: outcome.choice }) };
  } catch (error) {
    await io.discard();
    if (error instanceof LostTry || error instanceof NotYet) throw error;
    // What it left is there before the next try begins.
    await progress.close();
    return await endTry(deps, running, error, log);
  } finally {
    await Promise.all([log.close(), progress.close()]);
  }
}

/** Whether assets may be registered through it. */
function mayRegister(outlet: AnySource): boolean {
  return isAlias(outlet) || (isAsset(outlet) && outlet.template !== undefined);
}

/** Another try took over, or the answer to this one was lost: the next one finds out which. */
class LostTry extends Error {
  override readonly name = 'LostTry';
  override readonly message = 'the try is no longer the running one';
}

/** Gives the worker back until the condition is asked again, or gives the condition up. */
async function askLater(
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
class NotYet extends ApplicationFailure {
  constructor(pauseMs: number) {
    super('not yet', 'NotYet', false, null, undefined, pauseMs);
  }
}

async function endTry(
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

/** Refuses what was not scheduled by a run: the type says one task, the arguments another, or there are none. */
function assertKnown({ info }: Context, task: RunTask | undefined): void {
  if (task !== undefined && info.activityType === taskActivityType(task.dagId, task.taskId)) return;
  throw ApplicationFailure.nonRetryable(
    `activity ${info.activityType} is not a task of a run`,
    'UnknownActivity',
  );
}

/** The plan freezes structure, not code: another worker may have it, so the task is handed back, but not for ever. */
async function withoutCode(
  { db, identity, clock }: WorkerDeps,
  context: Context,
  task: RunTask,
): Promise<TaskResult> {
  const stored = await readEnded(db, task);
  if (stored !== undefined) return resultOf(stored, task);
  const { dagId, taskId } = task;
  const message = `this worker has no code for task ${taskId} of DAG ${dagId}`;
  const sinceAt = codeMissingSinceAt(context) ?? clock();
  context.heartbeat({ codeMissingSinceAt: sinceAt } satisfies Beat);
  if (clock() - sinceAt < codePatienceMs) {
    throw ApplicationFailure.create({ message, type: 'TaskCodeMissing', nextRetryDelay: codePauseMs });
  }
  const begun = await beginTry(db, { ...task, worker: identity });
  if (begun.kind === 'begun') await failTry(db, { ...task, try: begun.try }, message, true);
  throw failed(`${message}: deploy a worker that has it`);
}

function storableResult(result: unknown, log: BufferedLog): string | null {
  if (result === undefined || result === null) return null;
  const written = toStorableJson(result, "the task's result");
  const text = redactor().jsonText(written);
  if (text !== written)
    log.warn('a secret was taken out of the result: tasks that need it get *** in its place');
  const bytes = Buffer.byteLength(text);
  if (bytes > maxResultBytes) {
    const saved = savedResultOf(JSON.parse(text));
    const [what, remedy] =
      saved === undefined
        ? ["the task's result", "give the task an IO manager, such as { io: jsonFiles({ folder: '…' }) }"]
        : [`the reference of IO manager '${saved.manager}'`, 'return where the value is, not the value'];
    throw new TidegateError(
      'invalid_input',
      `${what} is ${bytes} bytes as JSON, ${maxResultBytes} are allowed: ${remedy}`,
    );
  }
  return text;
}

function failed(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'TaskFailed');
}
