import { type RawBuilder, sql } from 'kysely';

/** Above every position. */
export const maxSeq = Number.MAX_SAFE_INTEGER;

type Value = RawBuilder<unknown>;

/** Where events of an asset are looked for; all of them where nothing is said. */
export interface Stretch {
  readonly after?: Value;
  /** Ends nowhere where it is null. */
  readonly upTo?: Value;
}

/**
 * Whether the event `e` is one of an asset, above `after`, up to and with `upTo`. Asset and position are compared as a whole, which
 * only the index on both can serve: given one condition for each, Postgres may choose to walk all positions and leave out what is of
 * other assets. For the same reason an order of such events names both.
 */
export function isOfAsset(
  assetId: Value,
  { after = sql`0`, upTo = sql`null` }: Stretch = {},
): RawBuilder<boolean> {
  return sql`(e.asset_id, e.seq) > (${assetId}, ${after})
    and (e.asset_id, e.seq) <= (${assetId}, least(${upTo}, ${maxSeq}::bigint))`;
}

/** The order of the events of one asset. */
export function inLogOrder({ newestFirst = false } = {}): Value {
  return newestFirst ? sql`order by e.asset_id desc, e.seq desc` : sql`order by e.asset_id, e.seq`;
}
