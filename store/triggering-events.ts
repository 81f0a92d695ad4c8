import { sql } from 'kysely';
import type { AssetEvent } from '../core/asset-event.ts';
import type { DagId, RunId } from '../core/ids.ts';
import { type AssetSource, isAssetSource, isPassage, type RefSource, type Source } from '../core/source.ts';
import type { Db } from './database.ts';
import { eventColumns, type EventPage, readEvents } from './event-row.ts';
import { eventsOf, subscriptionIn } from './events-of-subscription.ts';
import { countFrom } from './page.ts';

/** A run and the events it consumed. */
export interface ConsumingRun {
  readonly dagId: DagId;
  readonly runId: RunId;
  /** Only those of this asset, those of assets of this name or URI, or those that came through this alias. */
  readonly source?: Source;
}

/** Which of a run's consumed events to read. */
export type ConsumedQuery = ConsumingRun & EventPage;

/** Events a run consumed, oldest first unless asked otherwise. */
export async function readConsumed(db: Db, query: ConsumedQuery): Promise<readonly AssetEvent[]> {
  const { skip = 0, limit } = query;
  const page = sql`select ${eventColumns} from ${consumedBy(query)} offset ${skip} limit ${limit}`;
  return readEvents(db, page, query);
}

/** How many events a run consumed: all of them, or those of an asset or through an alias. */
export async function countConsumed(db: Db, run: ConsumingRun): Promise<number> {
  const { rows } = await sql<{ count: number; isThroughAlias: boolean }>`
    select coalesce(sum(c.count), 0)::bigint as count, coalesce(bool_or(s.alias_id is not null), false) as "isThroughAlias"
    from ${consumptionOf(run)}`.execute(db);
  const { count, isThroughAlias } = rows[0] ?? { count: 0, isThroughAlias: false };
  if (!isThroughAlias && (run.source === undefined || !isPassage(run.source))) return count;
  // What met several leaves is counted with each of them.
  return countFrom(db, consumedEvents(run));
}

/** Tables `e` and `a` of events a run consumed, in order: at least the first `skip + limit` of them, at most so many of each subscription. */
export function consumedBy(query: ConsumedQuery) {
  return sql`
    ${consumedEvents(query)} join asset a on a.id = e.asset_id
    order by e.seq ${sql.raw(query.newestFirst === true ? 'desc' : 'asc')}`;
}

/** Table `e` of events a run consumed, each once, through however many subscriptions it came. */
function consumedEvents({
  newestFirst = false,
  beyond,
  skip = 0,
  limit,
  ...run
}: ConsumingRun & Partial<EventPage>) {
  const { source } = run;
  const after = newestFirst ? undefined : beyond;
  // The position itself was read before.
  const upTo = newestFirst && beyond !== undefined ? beyond - 1 : undefined;
  const hasAlias = sql<boolean>`exists (
    select from asset_event_alias y where y.seq = e.seq and y.alias_id = (
      select id from asset_alias where kind = ${source?.kind ?? null} and name = ${source?.name ?? null}
    )
  )`;
  return sql`
    (
      select distinct on (e.seq) e.* from (
        select s.id, s.asset_id, s.alias_id, s.judged_after, c.key, c.after_seq, c.upto_seq from ${consumptionOf(run)}
      ) c cross join lateral ${eventsOf(subscriptionIn('c'), {
        key: sql`c.key`,
        after: sql`greatest(c.after_seq, ${after ?? null}::bigint)`,
        upTo: sql`least(c.upto_seq, ${upTo ?? null}::bigint)`,
        newestFirst,
        ...(limit !== undefined && { limit: sql`${skip + limit}` }),
        ...(isOfAssets(source) && { throughAlias: sql<boolean>`e.asset_id = any(${idsOf(source)})` }),
        ...(source !== undefined && isPassage(source) && { throughAlias: hasAlias, ofAsset: hasAlias }),
      })} e
      order by e.seq ${sql.raw(newestFirst ? 'desc' : 'asc')}
    ) e`;
}

/** Of an asset: also what was consumed through aliases, among which it may be. Of an alias: whatever it is that the run waited for. */
function consumptionOf({ dagId, runId, source }: ConsumingRun) {
  const isPossible = isOfAssets(source)
    ? sql`(s.asset_id = any(${idsOf(source)}) or s.alias_id is not null)`
    : sql`true`;
  return sql`
    consumption c join subscription s on s.id = c.subscription_id
    where c.dag_id = ${dagId} and c.run_id = ${runId} and c.outcome = 'consumed' and ${isPossible}`;
}

function isOfAssets(source: Source | undefined): source is AssetSource | RefSource {
  return source !== undefined && (isAssetSource(source) || source.kind === 'ref');
}

/** A name or URI may have been that of several assets, one after another. */
function idsOf(source: AssetSource | RefSource) {
  if (isAssetSource(source)) {
    return sql`array(select id from asset where name = ${source.name} and uri = ${source.uri})`;
  }
  return sql`array(select id from asset where ${sql.raw(source.by === 'uri' ? 'uri' : 'name')} = ${source.name})`;
}
