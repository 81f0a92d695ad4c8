import { leafOfSubscription } from '../core/leaves.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { Gate, Queued } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { readConsumer } from './gate.ts';

/** What is queued for one DAG from one asset. */
export interface QueuedRecord {
  readonly dagId: DagId;
  readonly assetId: number;
  readonly uri: AssetUri;
  readonly queued: Queued;
}

/** Of which DAGs and assets. */
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
  return subscriptions.flatMap(({ id, dag_id: dagId, asset_id: assetId, uri }): readonly QueuedRecord[] => {
    const queued = queues.get(dagId)?.[leafOfSubscription(id)];
    return queued === undefined || queued.firstAt >= before ? [] : [{ dagId, assetId, uri, queued }];
  });
}

function findSubscriptions(db: Db, { dagId, assetId, uri }: Omit<QueueFilter, 'before'>) {
  let query = db
    .selectFrom('subscription as s')
    .innerJoin('asset as a', 'a.id', 's.asset_id')
    .select(['s.id', 's.dag_id', 's.asset_id', 'a.uri'])
    .where('s.until_seq', 'is', null);
  if (dagId !== undefined) query = query.where('s.dag_id', '=', dagId);
  if (assetId !== undefined) query = query.where('s.asset_id', '=', assetId);
  if (uri !== undefined) query = query.where('a.uri', '=', uri).where('a.is_active', '=', true);
  return query.orderBy('s.dag_id').orderBy('s.asset_id').execute();
}
