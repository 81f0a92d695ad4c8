import { isAssetSource, type Source } from '../core/source.ts';
import type { ProjectPlan } from '../core/project-plan.ts';
import { syncAliases } from './aliases.ts';
import { syncAssets } from './assets.ts';
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
