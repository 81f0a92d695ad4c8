import { sourceOf } from '../sdk/source.ts';
import type { Alias, Asset, AssetByReference, TriggeringEvents } from '../sdk/index.ts';
import type { Db } from '../store/database.ts';
import type { RunAttempt } from '../store/runs.ts';
import { type ConsumingRun, countConsumed, readConsumed } from '../store/triggering-events.ts';
import { createEventList, type StoredEvents } from './event-list.ts';
import { keepTrying } from './keep-trying.ts';

/** The events a run consumed, read from Postgres as the task asks for them. */
export function createTriggeringEvents(
  db: Db,
  { dagId, runId }: Pick<RunAttempt, 'dagId' | 'runId'>,
  signal: AbortSignal,
): TriggeringEvents {
  const consumed = (run: ConsumingRun): StoredEvents => ({
    read: (page) => keepTrying(() => readConsumed(db, { ...run, ...page }), signal),
    count: () => keepTrying(() => countConsumed(db, run), signal),
  });
  return {
    of: <Extra extends object>(source: Asset<Extra, object> | AssetByReference | Alias) =>
      createEventList<Extra>(consumed({ dagId, runId, source: sourceOf(source) })),
    all: () => createEventList(consumed({ dagId, runId })),
  };
}
