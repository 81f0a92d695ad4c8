import { setTimeout as delay } from 'node:timers/promises';
import { TidegateError } from '../core/errors.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import type { AnySource, EmitNow, MappedContext, TaskContext, TriggerRun } from '../sdk/index.ts';
import { TaskSkipped } from '../sdk/index.ts';
import type { Begun } from '../store/task-runs.ts';
import type { BufferedLog } from './task-log.ts';
import type { Outbox } from './emitted.ts';
import { createInlets } from './inlets.ts';
import { createLoad } from './load-saved.ts';
import type { Resources } from './resources.ts';
import type { RunTask } from './run-task.ts';
import { overReason } from './stopping.ts';
import type { TaskInputs } from './task-inputs.ts';
import type { TaskIo } from './task-io.ts';
import type { ProgressWriter } from './task-progress.ts';
import { createTriggeringEvents } from './triggering-events.ts';
import { createWaitFor } from './wait-for.ts';
import type { AssetIds } from '../store/asset-ids.ts';
import type { Db } from '../store/database.ts';

/** How long a task that was told to stop may take to do so, unless it says otherwise. */
const defaultCancelGraceMs = 10_000;

/** The try was not over in the time its author gave it. */
export class TaskTimeout extends Error {
  override readonly name = 'TaskTimeout';
}

interface Execution {
  readonly db: Db;
  readonly assetIds: AssetIds;
  /** Aborted when it is to stop. */
  readonly stopped: AbortSignal;
  readonly code: TaskDefinition;
  /** Its inlets, with assets in place of references. */
  readonly inlets: readonly AnySource[];
  readonly task: RunTask;
  readonly begun: Extract<Begun, { kind: 'begun' }>;
  readonly inputs: TaskInputs;
  readonly outbox: Outbox;
  readonly log: BufferedLog;
  readonly emitNow: EmitNow;
  readonly progress: ProgressWriter;
  readonly triggerRun: TriggerRun;
  readonly resources: Resources;
  readonly io: TaskIo;
}

/**
 * Runs an author's code until it ends, its time is out, or it was cancelled and had its grace.
 * @returns what is stored as its result
 * @throws whatever the code throws; TaskTimeout; the reason of the cancellation
 */
export async function execute(execution: Execution): Promise<unknown> {
  const { stopped, task } = execution;
  const timeout = new AbortController();
  const over = new AbortController();
  const signal = task.timeoutMs === null ? stopped : AbortSignal.any([stopped, timeout.signal]);
  const work = runCode(execution, signal, over.signal);
  // Given up on, it may still fail later; nobody waits for that any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([
      work,
      outOfTime(task.timeoutMs, timeout, over.signal),
      stubborn(stopped, over.signal, task.cancelGraceMs ?? defaultCancelGraceMs),
    ]);
  } finally {
    over.abort(overReason);
  }
}

/**
 * What a task needs is loaded and set up in its own time, and kept for it until its code has ended, even where nobody waits for that; and
 * what it returns is saved in its time, too.
 */
async function runCode(execution: Execution, signal: AbortSignal, over: AbortSignal): Promise<unknown> {
  const { code, task, resources, io, inputs } = execution;
  const needs = await io.needs(inputs.results, signal);
  const { services, release } = await resources.use(code.resources, task);
  const value = await Promise.resolve()
    .then(() => code.run(taskContext(execution, signal, { needs, services })))
    .finally(release);
  // One that is told to stop may still give something back.
  const stored = await io.save(value, over);
  // Nobody waits for it any more.
  if (over.aborted) {
    await io.discard();
    throw signal.reason;
  }
  return stored;
}

async function outOfTime(ms: number | null, timeout: AbortController, over: AbortSignal): Promise<never> {
  if (ms === null) return new Promise(() => undefined);
  await wait(ms, over);
  const error = new TaskTimeout(`the try took longer than its time-out of ${ms} ms`);
  timeout.abort(error);
  throw error;
}

async function stubborn(cancelled: AbortSignal, over: AbortSignal, graceMs: number): Promise<never> {
  if (!cancelled.aborted) {
    await new Promise((resolve) =>
      cancelled.addEventListener('abort', resolve, { once: true, signal: over }),
    );
  }
  await wait(graceMs, over);
  throw cancelled.reason;
}

/** Waits, or for ever once it is `over`: then nobody listens. */
async function wait(ms: number, over: AbortSignal): Promise<void> {
  try {
    // A timer holds at most 2^31 - 1 ms; a longer time-out is Temporal's alone.
    await delay(Math.min(ms, 2_147_483_647), undefined, { signal: over });
  } catch {
    await new Promise(() => undefined);
  }
}

function taskContext(
  execution: Execution,
  signal: AbortSignal,
  { needs, services }: { readonly needs: object; readonly services: object },
): TaskContext<object> | MappedContext<unknown, object> {
  const { db, assetIds, code, inlets, inputs, task, begun, outbox, log, emitNow, progress } = execution;
  const { dagId, runId, taskId } = task;
  const { run } = begun;
  const reading = { db, assetIds, inlets, signal };
  const readers = { events: createTriggeringEvents(db, task, signal), inlets: createInlets(reading) };
  return {
    ...{ dagId, runId, taskId, try: begun.try, signal },
    run: {
      trigger: run.trigger,
      attempt: task.attempt,
      logicalAt: run.logical_at?.getTime() ?? null,
      dataIntervalStartAt: run.data_interval_start_at?.getTime() ?? null,
      dataIntervalEndAt: run.data_interval_end_at?.getTime() ?? null,
      partitionKey: run.partition_key,
      ticks: run.ticks,
      missing: run.missing,
      conf: run.conf,
    },
    tags: code.tags,
    params: parseParams(code, run.conf),
    needs,
    ...(task.mapIndex === undefined ? {} : { item: inputs.item, mapIndex: task.mapIndex }),
    ...(task.cause === undefined ? {} : { cause: task.cause }),
    resources: services,
    ...readers,
    load: createLoad({ ...readers, db, io: execution.io, signal }),
    waitFor: createWaitFor({ ...reading, log, runAt: run.queued_at.getTime() }),
    emit: outbox.emit,
    ...{ emitNow, triggerRun: execution.triggerRun },
    ...{ progress: progress.progress, heartbeat: progress.heartbeat },
    heartbeatDetails: begun.heartbeatDetails,
    log,
    skip(reason) {
      throw new TaskSkipped(reason);
    },
  };
}

/** @throws TidegateError `invalid_input` when the run was given what its DAG does not take */
export function parseParams({ params }: TaskDefinition, conf: object): object {
  const parsed = params?.safeParse(conf);
  if (parsed?.success === false) {
    const [issue] = parsed.error.issues;
    throw new TidegateError(
      'invalid_input',
      `conf.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`,
    );
  }
  return parsed?.data ?? conf;
}
