import type { DagId } from '../core/ids.ts';
import type { DagOutlet } from '../core/run-plan.ts';
import { AssetIds } from './asset-ids.ts';
import type { Tx } from './log.ts';
import { recordAll } from './recording.ts';
import type { RunAttempt } from './runs.ts';
import { readTemplateIds } from './template-ids.ts';

/** Records what a run updated as a whole, as one batch. @returns DAGs that wait for it */
export async function recordOutlets(
  tx: Tx,
  { dagId, runId }: RunAttempt,
  outlets: readonly DagOutlet[],
): Promise<readonly DagId[]> {
  if (outlets.length === 0) return [];
  const idOf = await new AssetIds(tx).find(outlets.map(({ asset }) => asset));
  const run = await tx
    .selectFrom('run')
    .select('partition_key')
    .where('dag_id', '=', dagId)
    .where('run_id', '=', runId)
    .executeTakeFirst();
  const templates = await readTemplateIds(
    tx,
    outlets.map(({ asset }) => idOf(asset)),
  );
  const events = outlets.map(({ asset, extra }) => ({
    ...{ assetId: idOf(asset), extra, partitionKey: run?.partition_key ?? undefined },
    aliasIds: templates.get(idOf(asset)) ?? [],
  }));
  const [recorded] = await recordAll(tx, [{ source: { kind: 'dag', dagId, runId }, events }]);
  return recorded?.kind === 'recorded' ? recorded.subscribers : [];
}
