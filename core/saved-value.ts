import type { AssetEvent } from './asset-event.ts';
import { TidegateError } from './errors.ts';
import type { Json } from './json.ts';
import { type SavedResult, savedResultOf } from './saved-result.ts';

/** The task behind an event, as it is now. */
export interface TaskBehind {
  readonly state: string;
  /** What is stored as its result. */
  readonly result: Json;
}

/**
 * What the task saved that an event came from.
 * @param behind - that task; `undefined` where there is none any more
 * @throws TidegateError `nothing_saved` with the reason
 */
export function savedBy(
  { seq, asset, source }: Pick<AssetEvent, 'seq' | 'asset' | 'source'>,
  behind: TaskBehind | undefined,
): SavedResult {
  const event = `event ${seq} of ${asset.name}`;
  if (source.kind === 'api')
    throw nothing(
      `${event} came over HTTP, which saves no value: let a task with an IO manager update the asset`,
    );
  const run = `run ${source.runId} of DAG ${source.dagId}`;
  if (source.kind === 'dag')
    throw nothing(
      `${event} is of ${run} as a whole, which saves no value: let a task with an IO manager update the asset`,
    );
  const task = `task ${source.taskId} of ${run}`;
  if (behind === undefined)
    throw nothing(`${event} is of ${task}, which is not there any more: keep runs for longer (retention)`);
  if (behind.state !== 'success')
    throw nothing(
      `${event} is of ${task}, which is ${behind.state}: a value is saved once its task has succeeded`,
    );
  const saved = savedResultOf(behind.result);
  if (saved !== undefined) return saved;
  throw nothing(`${event} is of ${task}, which saved no value: give the task an IO manager, and return one`);
}

/** Refuses to load with another IO manager than the one that saved. */
export function requireSavedWith({ manager }: SavedResult, loader: string, asset: string): void {
  if (manager === loader) return;
  throw new TidegateError(
    'invalid_definition',
    `the value of ${asset} was saved by IO manager '${manager}', and '${loader}' is to load it: load it with the one that saved it`,
  );
}

export function nothing(reason: string): TidegateError {
  return new TidegateError('nothing_saved', reason);
}
