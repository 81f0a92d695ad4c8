import { sql } from 'kysely';
import type { AssetPlan, ProjectPlan } from '../core/project-plan.ts';
import type { PassageSource } from '../core/source.ts';
import { assetRows } from './asset-rows.ts';
import type { Tx } from './log.ts';

/** Brings the assets of a project up to date; those it no longer has go inactive and keep their history. */
export async function syncAssets(
  tx: Tx,
  { assets, aliases, templates, importErrors }: ProjectPlan,
): Promise<void> {
  // What goes inactive frees its name and URI first, for others to take.
  const passages = [
    ...aliases.map(({ name }): PassageSource => ({ kind: 'alias', name })),
    ...templates.map(({ name }): PassageSource => ({ kind: 'template', name })),
  ];
  await deactivateOthers(tx, assets, passages, importErrors.length === 0);
  if (assets.length > 0) await upsertAssets(tx, assets);
}

/**
 * What came through an alias or a templated asset of the project stays. A file that could not be loaded may still use the others, so that then only those go
 * whose name or URI is taken.
 */
async function deactivateOthers(
  tx: Tx,
  assets: readonly AssetPlan[],
  passages: readonly PassageSource[],
  isComplete: boolean,
): Promise<void> {
  await sql`
    with wanted as (
      select * from unnest(${assets.map(({ name }) => name)}::text[], ${assets.map(({ uri }) => uri)}::text[]) as a (name, uri)
    )
    update asset set is_active = false, updated_at = clock()
    where is_active and not exists (select from wanted where wanted.name = asset.name and wanted.uri = asset.uri)
      and (
        exists (select from wanted where wanted.name = asset.name or wanted.uri = asset.uri)
        or (${isComplete} and not exists (
          select from asset_alias_asset link join asset_alias on asset_alias.id = link.alias_id
          where link.asset_id = asset.id and (asset_alias.kind, asset_alias.name) in (
            select * from unnest(${passages.map(({ kind }) => kind)}::text[], ${passages.map(({ name }) => name)}::text[])
          )
        ))
      )`.execute(tx);
}

async function upsertAssets(tx: Tx, assets: readonly AssetPlan[]): Promise<void> {
  await sql`
    insert into asset ${assetRows(assets)}
    on conflict (name, uri) do update set is_active = true, group_name = excluded.group_name, tags = excluded.tags,
      description = excluded.description, owners = excluded.owners, extra = excluded.extra,
      event_schema = excluded.event_schema, updated_at = clock()`.execute(tx);
}
