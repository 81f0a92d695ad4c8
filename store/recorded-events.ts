import { sql } from 'kysely';
import type { AssetEvent, Seq } from '../core/asset-event.ts';
import type { Db } from './database.ts';
import { eventColumns, type EventPage, readEvents } from './event-row.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';

/** Events of one asset between two positions of the log: above `after`, up to and with `upTo`. */
export interface RecordedStretch {
  readonly assetId: number;
  readonly after: Seq;
  readonly upTo: Seq;
}

/** Events of an asset, oldest first unless asked otherwise. */
export async function readRecorded(
  db: Db,
  { assetId, after, upTo }: RecordedStretch,
  { newestFirst = false, beyond, skip = 0, limit }: EventPage,
): Promise<readonly AssetEvent[]> {
  const rest = newestFirst
    ? { after, upTo: beyond === undefined ? upTo : beyond - 1 }
    : { after: beyond ?? after, upTo };
  const page = sql`
    select ${eventColumns} from (
      select e.* from asset_event e
      where ${isOfAsset(sql`(select ${assetId}::int)`, { after: sql`${rest.after}`, upTo: sql`${rest.upTo}` })}
      ${inLogOrder({ newestFirst })} offset ${skip} limit ${limit}
    ) e join asset a on a.id = e.asset_id`;
  return readEvents(db, page, { newestFirst });
}

export async function countRecorded(db: Db, { assetId, after, upTo }: RecordedStretch): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from asset_event e
    where ${isOfAsset(sql`(select ${assetId}::int)`, { after: sql`${after}`, upTo: sql`${upTo}` })}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/**
 * The position up to which every event of a stretch was recorded before an instant, and above which none was. Times rise with positions, so
 * it is found by halving, a few looks into the index however long the stretch is.
 */
export async function positionBefore(
  db: Db,
  { assetId, after, upTo }: RecordedStretch,
  instant: number,
): Promise<Seq> {
  const { rows } = await sql<{ position: Seq }>`
    with recursive halved (low, high) as (
      select ${after}::bigint, ${upTo}::bigint
      union all
      select
        case when e.recorded_at < ${new Date(instant)} then e.seq else low end,
        case when e.recorded_at < ${new Date(instant)} then high else middle - 1 end
      from halved cross join lateral (select (low + high + 1) / 2 as middle) m left join lateral (
        select e.seq, e.recorded_at from asset_event e
        where ${isOfAsset(sql`(select ${assetId}::int)`, { after: sql`middle - 1`, upTo: sql`high` })}
        ${inLogOrder()} limit 1
      ) e on true
      where low < high
    )
    select low as position from halved where low >= high`.execute(db);
  return rows[0]?.position ?? after;
}
