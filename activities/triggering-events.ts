import type { AssetEvent } from '../core/asset-event.ts';
import type { JsonObject } from '../core/json.ts';
import type { AnyAsset, Asset, EventList, TriggeringEvent, TriggeringEvents } from '../sdk/index.ts';
import type { Db } from '../store/database.ts';
import type { RunAttempt } from '../store/runs.ts';
import { type ConsumedQuery, countConsumed, readConsumed } from '../store/triggering-events.ts';

/** Events read in one statement. */
const pageSize = 1_000;

/** The events a run consumed, read from Postgres as the task asks for them. */
export function createTriggeringEvents(db: Db, { dagId, runId }: RunAttempt): TriggeringEvents {
  return {
    of: <Extra extends object>(asset: Asset<Extra, object>) =>
      listOf<Extra>(db, { dagId, runId, asset: refOf(asset) }),
    all: () => listOf<JsonObject>(db, { dagId, runId }),
  };
}

function listOf<Extra extends object>(db: Db, query: Omit<ConsumedQuery, 'limit'>): EventList<Extra> {
  // Producers' events were checked by the asset's schema when they were recorded.
  const typed = (events: readonly AssetEvent[]) =>
    events as readonly unknown[] as readonly TriggeringEvent<Extra>[];
  async function* pages(): AsyncGenerator<readonly TriggeringEvent<Extra>[]> {
    let after = 0;
    for (;;) {
      const page = typed(await readConsumed(db, { ...query, after, limit: pageSize }));
      yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return;
      after = last.seq;
    }
  }
  return {
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page;
    },
    async toArray({ limit = Number.POSITIVE_INFINITY } = {}) {
      const events: TriggeringEvent<Extra>[] = [];
      for await (const page of pages()) {
        events.push(...page.slice(0, limit - events.length));
        if (events.length >= limit) break;
      }
      return events;
    },
    count: () => countConsumed(db, query),
    first: async () => typed(await readConsumed(db, { ...query, limit: 1 }))[0],
    last: async () => typed(await readConsumed(db, { ...query, newestFirst: true, limit: 1 }))[0],
  };
}

function refOf({ name, uri }: AnyAsset) {
  return { name, uri };
}
