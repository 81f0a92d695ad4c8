import { type RawBuilder, sql } from 'kysely';
import { maxBatchEvents, type Seq } from '../core/asset-event.ts';
import type { PastEvent } from '../core/backtest.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';
import { eventsOf, ofSubscription } from './events-of-subscription.ts';
import { firstAttempts } from './first-attempt.ts';
import { type RecordedFacts, sourceOf } from './facts.ts';
import type { SourceId } from './source-ids.ts';

/** Events read in one statement: at least those of one request. */
const pageSize = maxBatchEvents;

/** Events recorded together, as far as they are of what was asked for. */
export interface PastBatch {
  readonly batchEnd: Seq;
  readonly at: number;
  readonly events: readonly PastEvent[];
}

interface Row extends RecordedFacts {
  readonly seq: Seq;
  readonly batch_end: Seq;
  readonly name: string;
  readonly at: number;
  readonly through: readonly { readonly kind: 'alias' | 'template'; readonly name: string }[];
}

/** The last position that was recorded at a time or before it; 0 where nothing was. */
export async function positionAt(db: Db, at: number): Promise<Seq> {
  const { rows } = await sql<{ seq: Seq }>`
    select seq from asset_event where recorded_at <= ${new Date(at)}::timestamptz order by seq desc limit 1`.execute(
    db,
  );
  return rows[0]?.seq ?? 0;
}

/** Batches of these assets and of what came through these aliases and templates, in the order of the log, page by page. */
export async function* readPastBatches(
  db: Db,
  sources: readonly SourceId[],
  stretch: { readonly after: Seq; readonly upTo: Seq },
): AsyncGenerator<PastBatch> {
  for (let { after } = stretch; ;) {
    const seqs = positionsOf(sources, { after, upTo: stretch.upTo });
    const rows = await readRows(db, seqs);
    const beyond = rows[pageSize];
    const readTo = beyond === undefined ? stretch.upTo : beyond.seq - 1;
    // A batch that goes on behind the page comes whole with the next one.
    const cut = rows.find(({ batch_end: batchEnd }) => beyond !== undefined && batchEnd > readTo);
    const upTo = cut === undefined ? readTo : cut.seq - 1;
    yield* batchesOf(rows.filter(({ seq }) => seq <= upTo));
    if (beyond === undefined) return;
    after = upTo;
  }
}

/** What was queued for a DAG at a time, up to a position: recorded, and in no stretch that had left the queue by then, or with a run that was let in by then; the first `limit`. */
export async function readQueuedAt(
  db: Db,
  dagId: DagId,
  { at, upTo, limit }: { readonly at: number; readonly upTo: Seq; readonly limit: number },
): Promise<readonly PastBatch[]> {
  const hadLeft = sql`coalesce((
    select r.admitted_at from ${firstAttempts} r where r.dag_id = c.dag_id and r.run_id = c.run_id
  ), c.at) <= ${new Date(at)}::timestamptz`;
  const seqs = sql`
    select distinct e.seq from subscription s cross join lateral (
      select coalesce(max(c.upto_seq), 0) as upto from consumption c
      where c.subscription_id = s.id and c.key = '' and ${hadLeft} and c.outcome <> 'ignored'
    ) taken cross join lateral ${eventsOf(ofSubscription, {
      after: sql`greatest(s.live_after_seq, taken.upto)`,
      upTo: sql`${upTo}::bigint`,
      isPerKey: true,
    })} e
    where s.dag_id = ${dagId} and s.until_seq is null and not exists (
      select from consumption c where c.subscription_id = s.id and c.key in ('', coalesce(e.key, ''))
        and c.after_seq < e.seq and c.upto_seq >= e.seq and ${hadLeft}
    ) order by e.seq limit ${limit}`;
  return batchesOf(await readRows(db, seqs));
}

/** The first positions of what was recorded of any of these. */
function positionsOf(
  sources: readonly SourceId[],
  { after, upTo }: { readonly after: Seq; readonly upTo: Seq },
): RawBuilder<unknown> {
  const limit = pageSize + 1;
  const ids = (of: 'asset_id' | 'alias_id') => sources.flatMap((source) => source[of] ?? []);
  const stretch = { after: sql`${after}::bigint`, upTo: sql`${upTo}::bigint` };
  return sql`
    select distinct seq from (
      select p.seq from unnest(${ids('asset_id')}::int[]) as s (asset_id) cross join lateral (
        select e.seq from asset_event e where ${isOfAsset(sql`s.asset_id`, stretch)} ${inLogOrder()} limit ${limit}
      ) p
      union all
      select p.seq from unnest(${ids('alias_id')}::int[]) as s (alias_id) cross join lateral (
        select x.seq from asset_event_alias x
        where (x.alias_id, x.seq) > (s.alias_id, ${after}::bigint) and (x.alias_id, x.seq) <= (s.alias_id, ${upTo}::bigint)
        order by x.alias_id, x.seq limit ${limit}
      ) p
    ) found order by seq limit ${limit}`;
}

async function readRows(db: Db, seqs: RawBuilder<unknown>): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select e.seq, e.batch_end, a.name, (extract(epoch from e.recorded_at) * 1000)::bigint as at,
      e.extra, e.partition_key, e.source_dag_id, e.source_run_id, e.source_task_id, (
        select coalesce(json_agg(json_build_object('kind', l.kind, 'name', l.name) order by l.id), '[]')
        from asset_event_alias x join asset_alias l on l.id = x.alias_id where x.seq = e.seq
      ) as through
    from (${seqs}) p join asset_event e on e.seq = p.seq join asset a on a.id = e.asset_id order by e.seq`.execute(
    db,
  );
  return rows;
}

function batchesOf(rows: readonly Row[]): readonly PastBatch[] {
  const batches = new Map<Seq, { batchEnd: Seq; at: number; events: PastEvent[] }>();
  for (const row of rows) {
    const batch = batches.get(row.batch_end) ?? { batchEnd: row.batch_end, at: row.at, events: [] };
    batches.set(row.batch_end, batch);
    batch.events.push(eventOf(row));
  }
  return [...batches.values()];
}

function eventOf({ seq, name, at, extra, partition_key, through, ...source }: Row): PastEvent {
  const named = (wanted: 'alias' | 'template') =>
    through.flatMap(({ kind, name: one }) => (kind === wanted ? [one] : []));
  return {
    ...{ seq, asset: name, at, extra, partition: partition_key },
    ...{ via: named('alias'), templates: named('template'), source: sourceOf(source) },
  };
}
