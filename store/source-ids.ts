import { isAssetSource, type Source } from '../core/source.ts';
import type { ProjectPlan } from '../core/project-plan.ts';
import { syncAliases } from './aliases.ts';
import type { AssetIds } from './asset-ids.ts';
import { syncAssets } from './assets.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** What a subscription, an outlet or an inlet is stored by: one of both. */
export interface SourceId {
  readonly asset_id: number | null;
  readonly alias_id: number | null;
}

export type SourceIds = (source: Source) => SourceId;

/** Brings the assets and aliases of a project up to date. */
export async function syncSources(tx: Tx, project: ProjectPlan): Promise<SourceIds> {
  const assetId = await syncAssets(tx, project);
  const aliasId = await syncAliases(tx, project.aliases);
  return (source) =>
    isAssetSource(source)
      ? { asset_id: assetId(source), alias_id: null }
      : { asset_id: null, alias_id: aliasId(source.name) };
}

/**
 * What a source of a deployed project is stored by.
 * @throws Error when it was never deployed
 */
export async function findSource(db: Db, assetIds: AssetIds, source: Source): Promise<SourceId> {
  if (isAssetSource(source)) return { asset_id: (await assetIds.find([source]))(source), alias_id: null };
  const row = await db
    .selectFrom('asset_alias')
    .select('id')
    .where('name', '=', source.name)
    .executeTakeFirst();
  if (row === undefined) throw new Error(`alias ${source.name} was never deployed: run 'tidegate deploy'`);
  return { asset_id: null, alias_id: row.id };
}
