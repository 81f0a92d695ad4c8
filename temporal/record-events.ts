import type { EventSource, NewAssetEvent } from '../core/asset-event.ts';
import type { IdempotencyKey, Recorded, Submission, TaskSuccess, TaskTry } from '../store/recording.ts';
import type { Deps } from './deps.ts';

const fromApi: EventSource = { kind: 'api' };

/** Records the events of one request as one batch; consumers are told behind the answer. */
export async function recordEvents(
  deps: Deps,
  {
    events,
    idempotencyKey,
  }: { readonly events: readonly NewAssetEvent[]; readonly idempotencyKey?: IdempotencyKey },
): Promise<Recorded> {
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  return record(deps, { source: fromApi, events, ...key });
}

/** Marks a try as succeeded and records its events, both or neither. */
export async function recordSuccess(
  deps: Deps,
  success: TaskSuccess,
  events: readonly NewAssetEvent[],
): Promise<Recorded> {
  return record(deps, { source: sourceOf(success), events, success });
}

/** Records an event of a task that goes on; `nth` of its try, so that telling it again records nothing new. */
export async function recordProgress(
  deps: Deps,
  tried: TaskTry,
  event: NewAssetEvent,
  nth: number,
): Promise<void> {
  const { dagId, runId, attempt, taskId, mapIndex = -1, try: number } = tried;
  const key = JSON.stringify(['emitNow', dagId, runId, attempt, taskId, mapIndex, number, nth]);
  const idempotencyKey = { key, requestHash: '' };
  await record(deps, { source: sourceOf(tried), events: [event], idempotencyKey });
}

function sourceOf({ dagId, runId, taskId, mapIndex }: TaskTry): EventSource {
  return { kind: 'task', dagId, runId, taskId, ...(mapIndex === undefined ? {} : { mapIndex }) };
}

async function record(deps: Deps, submission: Submission): Promise<Recorded> {
  const recorded = await deps.recorder.record(submission);
  if (recorded.kind === 'recorded') deps.dispatcher.notify(recorded.subscribers);
  return recorded;
}
