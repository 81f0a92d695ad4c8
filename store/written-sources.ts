import { sql } from 'kysely';
import type { AssetRef } from '../core/asset-uri.ts';
import type { Db } from './database.ts';

/** What names and URIs that somebody wrote stand for. */
export interface WrittenSources {
  /** The active asset of a name, else that of a URI. */
  asset(written: string): AssetRef | undefined;
  hasAlias(name: string): boolean;
}

export async function findWrittenSources(
  db: Db,
  { assets, aliases }: { readonly assets: readonly string[]; readonly aliases: readonly string[] },
): Promise<WrittenSources> {
  const { rows } = await sql<AssetRef>`
    select name, uri from asset where is_active and name = any(${assets}::text[])
    union select name, uri from asset where is_active and uri = any(${assets}::text[])`.execute(db);
  const { rows: found } = await sql<{ name: string }>`
    select name from asset_alias where kind = 'alias' and name = any(${aliases}::text[])`.execute(db);
  const byName = new Map(rows.map((asset) => [asset.name, asset]));
  const byUri = new Map<string, AssetRef>(rows.map((asset) => [asset.uri, asset]));
  return {
    asset: (written) => byName.get(written) ?? byUri.get(written),
    hasAlias: (name) => found.some((alias) => alias.name === name),
  };
}
