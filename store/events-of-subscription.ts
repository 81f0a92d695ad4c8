import { type RawBuilder, sql } from 'kysely';
import { inLogOrder, isOfAsset, maxSeq, type Stretch } from './events-of-asset.ts';

type Value = RawBuilder<unknown>;

/** An asset or an alias: one of both is null and so finds nothing. */
interface Target {
  readonly assetId: Value;
  readonly aliasId: Value;
}

/** What a subscription is to: columns of its row. */
interface Subscribed extends Target {
  readonly id: Value;
  /** Events behind this position are those that its consumer accepted; up to it, all that are of no partition. */
  readonly judgedAfter: Value;
}

interface Reading extends Stretch {
  readonly newestFirst?: boolean;
  /** At most so many, the first of them; all of them where nothing is said. */
  readonly limit?: Value;
  /** Only those, of the events `e` that came through an alias. */
  readonly throughAlias?: RawBuilder<boolean>;
  /** Only those, of the events `e` of an asset. */
  readonly ofAsset?: RawBuilder<boolean>;
  /** Only those accepted under this partition key; empty where runs are not by partition. */
  readonly key?: Value;
  /** Leaves out aliases and what was accepted, for subscriptions that are known to have neither: Postgres plans each part of a statement anew. */
  readonly isPlain?: boolean;
  /** An event comes once for each key it was accepted under, instead of once. */
  readonly isPerKey?: boolean;
}

/** The subscription in the table of this name. */
export function subscriptionIn(table: string): Subscribed {
  return {
    id: sql.ref(`${table}.id`),
    assetId: sql.ref(`${table}.asset_id`),
    aliasId: sql.ref(`${table}.alias_id`),
    judgedAfter: sql.ref(`${table}.judged_after`),
  };
}

/** What the subscription in table `s` is to. */
export const ofSubscription: Subscribed = subscriptionIn('s');

const isUnkeyed = sql<boolean>`e.partition_key is null`;

/**
 * The events that count for a subscription, as a table in brackets: those of its asset, or those that came through its alias. Where its consumer
 * looks into events, those that it accepted, with what each is to it.
 */
export function eventsOf(of: Subscribed, reading: Reading = {}): Value {
  const plain = { ...reading, upTo: sql`least(${reading.upTo ?? sql`null`}, ${of.judgedAfter})` };
  const nothing = sql`null::text as key, null::text[] as leaves, null::text as part, null::int as needs`;
  const read = { select: sql`e.*, ${nothing}`, where: isUnkeyed };
  if (reading.isPlain === true) return sql`(${ofAssetOnly(of, plain, read)})`;
  return sql`(
    ${fromLog(of, plain, read)}
    union all
    ${accepted(of, reading)}
  )`;
}

/** Whatever is recorded of an asset, or through an alias, whether it counts for anybody or not. */
export function recordedOf(of: Target, reading: Reading = {}): Value {
  return sql`(${fromLog(of, reading, { select: sql`e.*`, where: sql`true` })})`;
}

interface FromLog {
  readonly select: Value;
  readonly where: Value;
}

function ofAssetOnly(
  { assetId }: Target,
  { after, upTo, newestFirst = false, limit, ofAsset = sql`true` }: Reading,
  { select, where }: FromLog,
): Value {
  return sql`
    select ${select} from asset_event e
    where ${isOfAsset(assetId, { ...(after && { after }), ...(upTo && { upTo }) })} and ${where} and ${ofAsset}
    ${cut(limit, inLogOrder({ newestFirst }))}`;
}

function fromLog(of: Target, reading: Reading, { select, where }: FromLog): Value {
  const { after, upTo, newestFirst = false, limit, throughAlias = sql`true` } = reading;
  const stretch = { ...(after && { after }), ...(upTo && { upTo }) };
  return sql`
    (${ofAssetOnly(of, reading, { select, where })})
    union all
    (
      select ${select} from asset_event_alias x
      -- One by one: an estimate that goes wrong must not make Postgres walk through all events.
      cross join lateral (select * from asset_event e where e.seq = x.seq limit 1) e
      where ${isThroughAlias(of.aliasId, stretch)} and ${where} and ${throughAlias} ${cut(
        limit,
        newestFirst ? sql`order by x.alias_id desc, x.seq desc` : sql`order by x.alias_id, x.seq`,
      )}
    )`;
}

function accepted(
  { id, aliasId, judgedAfter }: Subscribed,
  { after, upTo, newestFirst = false, limit, key, isPerKey = false, ...only }: Reading,
): Value {
  const { throughAlias = sql`true`, ofAsset = sql`true` } = only;
  const from = sql`greatest(${after ?? sql`0`}, ${judgedAfter})`;
  const to = sql`least(${upTo ?? sql`null`}, ${maxSeq}::bigint)`;
  const direction = sql.raw(newestFirst ? 'desc' : 'asc');
  const range =
    key === undefined
      ? sql`(j.subscription_id, j.seq) > (${id}, ${from}) and (j.subscription_id, j.seq) <= (${id}, ${to})`
      : sql`(j.subscription_id, j.key, j.seq) > (${id}, ${key}, ${from}) and (j.subscription_id, j.key, j.seq) <= (${id}, ${key}, ${to})`;
  const once = key === undefined && !isPerKey ? sql`distinct on (j.subscription_id, j.seq)` : sql``;
  return sql`(
    select ${once} e.*, j.key, j.leaves, j.part, j.needs from accepted_event j
    cross join lateral (select * from asset_event e where e.seq = j.seq limit 1) e
    where ${range} and case when ${aliasId} is null then ${ofAsset} else ${throughAlias} end
    ${cut(limit, sql`order by j.subscription_id ${direction}, j.seq ${direction}`)}
  )`;
}

function cut(limit: Value | undefined, order: Value): Value {
  return limit === undefined ? sql`` : sql`${order} limit ${limit}`;
}

/** How many events count for a subscription. */
export function countOf(
  of: Subscribed,
  { after, upTo, key = sql`''` }: Pick<Reading, 'after' | 'upTo' | 'key'>,
): RawBuilder<number> {
  const to = sql`least(${upTo ?? sql`null`}, ${of.judgedAfter})`;
  const stretch = { ...(after && { after }), upTo: to };
  return sql`(
    (select count(*) from asset_event e where ${isOfAsset(of.assetId, stretch)} and ${isUnkeyed})
    + (
      select count(*) from asset_event_alias x where ${isThroughAlias(of.aliasId, stretch)}
        and not exists (select from asset_event e where e.seq = x.seq and e.partition_key is not null)
    )
    + (
      select count(*) from accepted_event j
      where (j.subscription_id, j.key, j.seq) > (${of.id}, ${key}, greatest(${after ?? sql`0`}, ${of.judgedAfter}))
        and (j.subscription_id, j.key, j.seq) <= (${of.id}, ${key}, ${upTo ?? sql`${maxSeq}::bigint`})
    )
  )`;
}

/** How many events are recorded of an asset, or through an alias, whether they count for anybody or not. */
export function countRecordedOf({ assetId, aliasId }: Target, stretch: Stretch): RawBuilder<number> {
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
