import { sql } from 'kysely';
import type { AssetEvent } from '../core/asset-event.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { eventColumns, type EventPage, readEvents } from './event-row.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';

/** A run and the events it consumed. */
export interface ConsumingRun {
  readonly dagId: DagId;
  readonly runId: RunId;
  /** Only those of this asset. */
  readonly asset?: { readonly name: string; readonly uri: string };
}

/** Which of a run's consumed events to read. */
export type ConsumedQuery = ConsumingRun & EventPage;

/** Events a run consumed, oldest first unless asked otherwise. */
export async function readConsumed(db: Db, query: ConsumedQuery): Promise<readonly AssetEvent[]> {
  const { skip = 0, limit } = query;
  const page = sql`select ${eventColumns} from ${consumedBy(query)} offset ${skip} limit ${limit}`;
  return readEvents(db, page, query);
}

/** How many events a run consumed: all of them, or those of an asset. */
export async function countConsumed(db: Db, run: ConsumingRun): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(sum(c.count), 0)::bigint as count from ${consumptionOf(run)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Tables `e` and `a` of events a run consumed, in order: at least the first `skip + limit` of them, at most so many of each asset. */
export function consumedBy({ newestFirst = false, beyond, skip = 0, limit, ...run }: ConsumedQuery) {
  const after = newestFirst ? undefined : beyond;
  // The position itself was read before.
  const upTo = newestFirst && beyond !== undefined ? beyond - 1 : undefined;
  return sql`
    (
      select s.asset_id, c.after_seq, c.upto_seq from ${consumptionOf(run)}
    ) c join asset a on a.id = c.asset_id cross join lateral (
      select e.* from asset_event e
      where ${isOfAsset(sql`c.asset_id`, {
        after: sql`greatest(c.after_seq, ${after ?? null}::bigint)`,
        upTo: sql`least(c.upto_seq, ${upTo ?? null}::bigint)`,
      })}
      ${inLogOrder({ newestFirst })} limit ${skip + limit}
    ) e
    order by e.seq ${sql.raw(newestFirst ? 'desc' : 'asc')}`;
}

function consumptionOf({ dagId, runId, asset }: ConsumingRun) {
  return sql`
    consumption c join subscription s on s.id = c.subscription_id join asset a on a.id = s.asset_id
    where c.dag_id = ${dagId} and c.run_id = ${runId} and c.outcome = 'consumed'
      and (${asset?.name ?? null}::text is null or (a.name = ${asset?.name ?? null} and a.uri = ${asset?.uri ?? null}))`;
}
