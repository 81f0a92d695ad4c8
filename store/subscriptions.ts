import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';

/** Numbers of a DAG's subscriptions to these assets. */
export async function findOpenSubscriptions(
  db: Db,
  dagId: DagId,
  assetIds: readonly number[],
): Promise<readonly number[]> {
  if (assetIds.length === 0) return [];
  const rows = await db
    .selectFrom('subscription')
    .select('id')
    .where('dag_id', '=', dagId)
    .where('asset_id', 'in', assetIds)
    .where('until_seq', 'is', null)
    .execute();
  return rows.map(({ id }) => id);
}
