import { leafOfSubscription } from '../core/leaves.ts';
import type { Seq } from '../core/asset-event.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { Gate, Queued } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { readConsumer } from './gate.ts';

/** What is queued for one DAG from one asset, or through one alias. */
export interface QueuedRecord {
  readonly dagId: DagId;
  readonly subscription: number;
  /** Through an alias: that of the oldest queued event. */
  readonly assetId: number;
  readonly uri: AssetUri;
  readonly alias: string | null;
  readonly queued: Queued;
}

/** Of which DAGs and assets. What is queued through an alias is of no one asset, and only found where no asset is asked for. */
export interface QueueFilter {
  readonly dagId?: DagId | undefined;
  readonly assetId?: number | undefined;
  /** That of an active asset. */
  readonly uri?: AssetUri | undefined;
  /** Only where the oldest queued event was recorded before this time. */
  readonly before?: number | undefined;
}

/** Gates read at a time: each takes a connection. */
const gatesAtOnce = 4;

/** What is queued, by DAG and asset, as the gates have it. */
export async function listQueued(
  db: Db,
  { before = Number.POSITIVE_INFINITY, ...filter }: QueueFilter,
): Promise<readonly QueuedRecord[]> {
  const subscriptions = await findSubscriptions(db, filter);
  const dagIds = [...new Set(subscriptions.map(({ dag_id }) => dag_id))];
  const queues = new Map<DagId, Gate['queued']>();
  for (let at = 0; at < dagIds.length; at += gatesAtOnce) {
    const read = dagIds.slice(at, at + gatesAtOnce).map(async (dagId) => {
      queues.set(dagId, (await readConsumer(db, dagId))?.consumer.gate.queued ?? {});
    });
    await Promise.all(read);
  }
  const found = subscriptions.flatMap(({ id, dag_id: dagId, ...to }) => {
    const queued = queues.get(dagId)?.[leafOfSubscription(id)];
    return queued === undefined || queued.firstAt >= before
      ? []
      : [{ dagId, subscription: id, queued, ...to }];
  });
  const throughAliases = found.flatMap(({ alias, queued }) => (alias === null ? [] : [queued.firstSeq]));
  const assetOf = await findAssetsOfEvents(db, throughAliases);
  return found.flatMap(({ asset_id, uri, queued, ...rest }): readonly QueuedRecord[] => {
    const asset =
      asset_id === null || uri === null ? assetOf.get(queued.firstSeq) : { assetId: asset_id, uri };
    return asset === undefined ? [] : [{ ...rest, ...asset, queued }];
  });
}

async function findAssetsOfEvents(
  db: Db,
  seqs: readonly Seq[],
): Promise<ReadonlyMap<Seq, { readonly assetId: number; readonly uri: AssetUri }>> {
  if (seqs.length === 0) return new Map();
  const rows = await db
    .selectFrom('asset_event as e')
    .innerJoin('asset as a', 'a.id', 'e.asset_id')
    .select(['e.seq', 'e.asset_id', 'a.uri'])
    .where('e.seq', 'in', seqs)
    .execute();
  return new Map(rows.map(({ seq, asset_id, uri }) => [seq, { assetId: asset_id, uri }]));
}

function findSubscriptions(db: Db, { dagId, assetId, uri }: Omit<QueueFilter, 'before'>) {
  let query = db
    .selectFrom('subscription as s')
    .leftJoin('asset as a', 'a.id', 's.asset_id')
    .leftJoin('asset_alias as l', 'l.id', 's.alias_id')
    .select(['s.id', 's.dag_id', 's.asset_id', 'a.uri', 'l.name as alias'])
    .where('s.until_seq', 'is', null);
  if (dagId !== undefined) query = query.where('s.dag_id', '=', dagId);
  if (assetId !== undefined) query = query.where('s.asset_id', '=', assetId);
  if (uri !== undefined) query = query.where('a.uri', '=', uri).where('a.is_active', '=', true);
  return query.orderBy('s.dag_id').orderBy('s.asset_id').orderBy('s.alias_id').execute();
}
