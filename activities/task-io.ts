import { canonicalJson, type Json } from '../core/json.ts';
import { TidegateError } from '../core/errors.ts';
import { parseTaskId, type TaskId } from '../core/ids.ts';
import { type SavedResult, savedResultOf, toStoredResult } from '../core/saved-result.ts';
import type { IoContext, IoManager, ResultPlace } from '../sdk/io.ts';
import { redactor } from '../sdk/secrets.ts';
import { isAsset } from '../sdk/source.ts';
import { namedNeeds, type TaskDefinition } from '../sdk/task.ts';
import type { TaskLog } from '../sdk/task-context.ts';
import type { Db } from '../store/database.ts';
import type { TaskTry } from '../store/recording.ts';
import { readStoredResult } from '../store/stored-result.ts';
import type { TaskCode } from './deps.ts';
import type { Room } from './passages.ts';
import type { Resources } from './resources.ts';

/** What one try saves and loads with. */
export interface TaskIoOptions {
  readonly db: Db;
  readonly tasks: TaskCode;
  readonly resources: Resources;
  readonly room: Pick<Room, 'instanceOf'>;
  readonly tried: TaskTry;
  readonly code: TaskDefinition;
  readonly partitionKey: string | null;
  readonly log: TaskLog;
}

/** Results of one try, and of the tasks that it needs, on their way through IO managers. */
export interface TaskIo {
  /** What the task's function gets as its `needs`: each result as it is stored, or loaded by the IO manager that saved it. */
  needs(results: Readonly<Record<string, Json>>, signal: AbortSignal): Promise<object>;
  /** What was saved by a task of whichever run. */
  load(io: IoManager, reference: Json, place: ResultPlace, signal: AbortSignal): Promise<unknown>;
  /** What is stored for a value: itself, or where it was saved. */
  save(value: unknown, signal: AbortSignal): Promise<unknown>;
  /** Removes what was saved, unless it became the result of the task; never fails. */
  discard(): Promise<void>;
}

export function createTaskIo({
  db,
  tasks,
  resources,
  room,
  tried,
  code,
  partitionKey,
  log,
}: TaskIoOptions): TaskIo {
  const placeOf = (task: TaskDefinition, taskId: TaskId): ResultPlace => ({
    ...{ dagId: tried.dagId, runId: tried.runId, attempt: tried.attempt, taskId, partitionKey },
    asset: assetOf(task, room, partitionKey),
  });
  const using = async <Value>(
    io: IoManager,
    place: ResultPlace,
    signal: AbortSignal,
    act: (context: IoContext) => Promise<Value>,
  ): Promise<Value> => {
    const { services, release } = await resources.use(io.resources, tried);
    try {
      return await act({ ...place, signal, log, resources: { ...services } });
    } finally {
      release();
    }
  };
  let saved: SavedResult | undefined;

  return {
    async needs(results, signal) {
      const named = Object.entries(namedNeeds(code)).filter(([, taskId]) => Object.hasOwn(results, taskId));
      const loaded = named.map(async ([name, id]) => {
        const stored = results[id];
        const reference = savedResultOf(stored);
        if (reference === undefined) return [name, stored] as const;
        const taskId = parseTaskId(id);
        const task = tasks.findTask(tried.dagId, taskId);
        const io = managerOf(task, taskId, reference.manager);
        const value = await using(io, placeOf(task ?? code, taskId), signal, (context) =>
          io.load(reference.reference, context),
        );
        return [name, value] as const;
      });
      return Object.fromEntries(await Promise.all(loaded));
    },
    load(io, reference, place, signal) {
      const task = tasks.findTask(place.dagId, place.taskId);
      const isOne = task === undefined || task.outlets.filter(isAsset).length === 1;
      const asset = isOne ? place.asset : null;
      return using(io, { ...place, asset }, signal, (context) => io.load(reference, context));
    },
    async save(value, signal) {
      const { io } = code;
      if (io === null || value === undefined || value === null) return value;
      const reference = await using(io, placeOf(code, tried.taskId), signal, (context) =>
        io.save(value, { ...context, try: tried.try }),
      );
      saved = { manager: io.name, reference };
      requireUsable(saved);
      return toStoredResult(saved);
    },
    async discard() {
      const { io } = code;
      if (saved === undefined || io === null) return;
      const { reference } = saved;
      try {
        // The answer to a success may have been lost, and then this is what others read.
        const stored = await readStoredResult(db, tried);
        if (canonicalJson(stored) === canonicalJson(toStoredResult(saved))) return;
        const { signal } = new AbortController();
        await using(io, placeOf(code, tried.taskId), signal, (context) => io.remove(reference, context));
      } catch (error) {
        const why = redactor().text(error instanceof Error ? error.message : String(error));
        log.warn('what the try saved was not removed', { ioManager: io.name, error: why });
      }
    },
  };
}

function managerOf(task: TaskDefinition | undefined, taskId: TaskId, name: string): IoManager {
  const io = task?.io ?? null;
  if (io !== null && io.name === name) return io;
  const now = io === null ? 'has none now' : `has '${io.name}' now`;
  throw new TidegateError(
    'invalid_definition',
    `the result of task '${taskId}' was saved by IO manager '${name}', and the task ${now}: give it back the one it had, or run it again`,
  );
}

function requireUsable({ manager, reference }: SavedResult): void {
  if (reference === undefined)
    throw new TidegateError(
      'invalid_definition',
      `IO manager '${manager}' returned no reference: return where the value is`,
    );
  if (redactor().isIn(JSON.stringify(reference)))
    throw new TidegateError(
      'invalid_input',
      `the reference of IO manager '${manager}' holds a secret: leave it out`,
    );
}

function assetOf(
  task: TaskDefinition,
  room: Pick<Room, 'instanceOf'>,
  partitionKey: string | null,
): ResultPlace['asset'] {
  const [asset, ...others] = task.outlets.filter(isAsset);
  if (asset === undefined || others.length > 0) return null;
  const { name, uri } = room.instanceOf(asset, partitionKey ?? undefined);
  return { name, uri };
}
