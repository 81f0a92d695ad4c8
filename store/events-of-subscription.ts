import { type RawBuilder, sql } from 'kysely';
import { inLogOrder, isOfAsset, maxSeq, type Stretch } from './events-of-asset.ts';

type Value = RawBuilder<unknown>;

/** What a subscription is to: its columns `asset_id` and `alias_id`, one of which is null and so finds nothing. */
interface Subscribed {
  readonly assetId: Value;
  readonly aliasId: Value;
}

interface Reading extends Stretch {
  readonly newestFirst?: boolean;
  /** At most so many, the first of them; all of them where nothing is said. */
  readonly limit?: Value;
  /** Only those, of the events `e` that came through an alias. */
  readonly throughAlias?: RawBuilder<boolean>;
  /** Only those, of the events `e` of an asset. */
  readonly ofAsset?: RawBuilder<boolean>;
}

/** The events that a subscription is about, as a table in brackets: those of its asset, or those that came through its alias. */
export function eventsOf(
  { assetId, aliasId }: Subscribed,
  { after, upTo, newestFirst = false, limit, throughAlias = sql`true`, ofAsset = sql`true` }: Reading = {},
): Value {
  const stretch = { ...(after && { after }), ...(upTo && { upTo }) };
  const cut = (order: Value): Value => (limit === undefined ? sql`` : sql`${order} limit ${limit}`);
  return sql`(
    (select e.* from asset_event e where ${isOfAsset(assetId, stretch)} and ${ofAsset} ${cut(inLogOrder({ newestFirst }))})
    union all
    (
      select e.* from asset_event_alias x
      -- One by one: an estimate that goes wrong must not make Postgres walk through all events.
      cross join lateral (select * from asset_event e where e.seq = x.seq limit 1) e
      where ${isThroughAlias(aliasId, stretch)} and ${throughAlias} ${cut(
        newestFirst ? sql`order by x.alias_id desc, x.seq desc` : sql`order by x.alias_id, x.seq`,
      )}
    )
  )`;
}

/** How many events a subscription is about. */
export function countOf({ assetId, aliasId }: Subscribed, stretch: Stretch): RawBuilder<number> {
  return sql`(
    (select count(*) from asset_event e where ${isOfAsset(assetId, stretch)})
    + (select count(*) from asset_event_alias x where ${isThroughAlias(aliasId, stretch)})
  )`;
}

/** The same of the passage `x` of an event through an alias. */
function isThroughAlias(
  aliasId: Value,
  { after = sql`0`, upTo = sql`null` }: Stretch = {},
): RawBuilder<boolean> {
  return sql`(x.alias_id, x.seq) > (${aliasId}, ${after})
    and (x.alias_id, x.seq) <= (${aliasId}, least(${upTo}, ${maxSeq}::bigint))`;
}

/** What the subscription in table `s` is to. */
export const ofSubscription: Subscribed = { assetId: sql`s.asset_id`, aliasId: sql`s.alias_id` };
