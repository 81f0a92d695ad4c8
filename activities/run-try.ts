import { log as workerLog } from '@temporalio/activity';
import type { AnyAsset, AnySource } from '../sdk/index.ts';
import { instanceOf } from '../sdk/instance.ts';
import { isAlias, isAsset } from '../sdk/source.ts';
import type { KnownAssets } from '../store/known-assets.ts';
import type { MappedItems } from '../store/mapped-items.ts';
import { failTry } from '../store/task-runs.ts';
import { recordSuccess } from '../temporal/record-events.ts';
import type { WorkerDeps } from './deps.ts';
import { createEmitNow } from './emit-now.ts';
import { createOutbox } from './emitted.ts';
import { askLater, endTry, failed, LostTry, NotYet, type Try } from './end-try.ts';
import { keepTrying } from './keep-trying.ts';
import { type EventCatalog, toNewEvents } from './new-events.ts';
import type { Room } from './passages.ts';
import { resolveInlets, resolveOutlets } from './resolve-references.ts';
import type { TaskResult } from './run-task.ts';
import { execute } from './task-code.ts';
import { readInputs } from './task-inputs.ts';
import { createTaskIo } from './task-io.ts';
import { createTaskLog } from './task-log.ts';
import { outcomeOf } from './task-outcome.ts';
import { createProgressWriter } from './task-progress.ts';
import { storableResult } from './task-result.ts';
import { templateValues } from './template-values.ts';
import { createTriggerRun } from './trigger-run.ts';

/** What a worker has read of the assets, and of what tasks are mapped over. */
export interface Catalog extends EventCatalog {
  readonly known: KnownAssets;
  readonly items: MappedItems;
}

/** Runs the author's code in one try, and records its end together with its asset events. */
export async function runTry(
  deps: WorkerDeps,
  { known, items, ...catalog }: Catalog,
  running: Try,
): Promise<TaskResult> {
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
    const inputs = await keepTrying(() => readInputs(deps.db, items, task, code), signal);
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
