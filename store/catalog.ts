import { sql } from 'kysely';
import type { AssetUri } from '../core/asset-uri.ts';
import { type AssetCatalog, catalogOf } from '../core/selection.ts';
import type { PassageSource } from '../core/source.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** The active assets as references and selectors find them. */
export async function readCatalog(db: Db | Tx): Promise<AssetCatalog> {
  const { rows } = await sql<{
    readonly name: string;
    readonly uri: AssetUri;
    readonly group: string;
    readonly tags: readonly string[];
    readonly through: readonly PassageSource[];
  }>`
    select a.name, a.uri, a.group_name as "group", a.tags, (
      select coalesce(json_agg(json_build_object('kind', l.kind, 'name', l.name)), '[]')
      from asset_alias_asset link join asset_alias l on l.id = link.alias_id where link.asset_id = a.id
    ) as through
    from asset a where a.is_active`.execute(db);
  return catalogOf(rows);
}
