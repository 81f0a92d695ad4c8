import type { EventSource, NewAssetEvent } from '../core/asset-event.ts';
import type { IdempotencyKey, Recorded, Submission, TaskSuccess } from '../store/recording.ts';
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
  const { dagId, runId, taskId } = success;
  return record(deps, { source: { kind: 'task', dagId, runId, taskId }, events, success });
}

async function record(deps: Deps, submission: Submission): Promise<Recorded> {
  const recorded = await deps.recorder.record(submission);
  if (recorded.kind === 'recorded') deps.dispatcher.notify(recorded.subscribers);
  return recorded;
}
