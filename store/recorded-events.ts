import { sql } from 'kysely';
import type { AssetEvent, Seq } from '../core/asset-event.ts';
import type { Db } from './database.ts';
import { eventColumns, type EventPage, readEvents } from './event-row.ts';
import { countRecordedOf, recordedOf } from './events-of-subscription.ts';
import type { SourceId } from './source-ids.ts';

/** Events of one asset, or through one alias, between two positions of the log: above `after`, up to and with `upTo`. */
export interface RecordedStretch {
  readonly of: SourceId;
  readonly after: Seq;
  readonly upTo: Seq;
}

/** Events of an asset or through an alias, oldest first unless asked otherwise. */
export async function readRecorded(
  db: Db,
  { of, after, upTo }: RecordedStretch,
  { newestFirst = false, beyond, skip = 0, limit }: EventPage,
): Promise<readonly AssetEvent[]> {
  const rest = newestFirst
    ? { after, upTo: beyond === undefined ? upTo : beyond - 1 }
    : { after: beyond ?? after, upTo };
  const found = recordedOf(sourceValues(of), {
    ...{ after: sql`${rest.after}`, upTo: sql`${rest.upTo}`, newestFirst },
    // Only one of both, asset and alias, finds anything: what is left out there is left out of all.
    limit: sql`${limit} offset ${skip}`,
  });
  const page = sql`select ${eventColumns} from ${found} e join asset a on a.id = e.asset_id`;
  return readEvents(db, page, { newestFirst });
}

export async function countRecorded(db: Db, { of, after, upTo }: RecordedStretch): Promise<number> {
  const stretch = { after: sql`${after}`, upTo: sql`${upTo}` };
  const { rows } = await sql<{ count: number }>`
    select ${countRecordedOf(sourceValues(of), stretch)} as count`.execute(db);
  return rows[0]?.count ?? 0;
}

/**
 * The position up to which every event of a stretch was recorded before an instant, and above which none was. Times rise with positions, so
 * it is found by halving, a few looks into the index however long the stretch is.
 */
export async function positionBefore(
  db: Db,
  { of, after, upTo }: RecordedStretch,
  instant: number,
): Promise<Seq> {
  const next = recordedOf(sourceValues(of), {
    ...{ after: sql`middle - 1`, upTo: sql`high`, limit: sql`1` },
  });
  const { rows } = await sql<{ position: Seq }>`
    with recursive halved (low, high) as (
      select ${after}::bigint, ${upTo}::bigint
      union all
      select
        case when e.recorded_at < ${new Date(instant)} then e.seq else low end,
        case when e.recorded_at < ${new Date(instant)} then high else middle - 1 end
      from halved cross join lateral (select (low + high + 1) / 2 as middle) m left join lateral ${next} e on true
      where low < high
    )
    select low as position from halved where low >= high`.execute(db);
  return rows[0]?.position ?? after;
}

/** As subqueries: from the bare numbers Postgres may conclude that hardly an event is of this asset, and sort however many are. */
function sourceValues({ asset_id, alias_id }: SourceId) {
  return { assetId: sql`(select ${asset_id}::int)`, aliasId: sql`(select ${alias_id}::int)` };
}
