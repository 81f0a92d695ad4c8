import { requireSavedWith, savedBy } from '../core/saved-value.ts';
import type { IoManager, TaskContext } from '../sdk/index.ts';
import { requireIoManager } from '../sdk/io.ts';
import type { Load } from '../sdk/load.ts';
import type { Db } from '../store/database.ts';
import { readTaskBehind } from '../store/task-behind.ts';
import { eventToLoad } from './event-to-load.ts';
import { keepTrying } from './keep-trying.ts';
import type { TaskIo } from './task-io.ts';

interface LoadDeps extends Pick<TaskContext, 'events' | 'inlets' | 'signal'> {
  readonly db: Db;
  readonly io: TaskIo;
}

/** Lets a task load what the task saved that an event came from. */
export function createLoad({ db, io, signal, ...readers }: LoadDeps): Load {
  const load = async (from: unknown, manager: IoManager): Promise<unknown> => {
    requireIoManager(manager);
    const event = await eventToLoad(readers, from);
    const { source, asset } = event;
    const behind =
      source.kind === 'task' ? await keepTrying(() => readTaskBehind(db, event, source), signal) : undefined;
    const saved = savedBy(event, behind);
    requireSavedWith(saved, manager.name, asset.name);
    // Nothing but a task saves.
    if (source.kind !== 'task' || behind === undefined) return undefined;
    const { dagId, runId, taskId } = source;
    const { attempt, partition_key: partitionKey } = behind;
    return io.load(manager, saved.reference, { dagId, runId, attempt, taskId, partitionKey, asset }, signal);
  };
  return load as Load;
}
