import { sql } from 'kysely';
import { assetKey, type AssetUri } from '../core/asset-uri.ts';
import { isAssetSource, isPassage, type Source, titleOf } from '../core/source.ts';
import type { AssetIds } from './asset-ids.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** What a subscription, an outlet or an inlet is stored by: one of both. */
export interface SourceId {
  readonly asset_id: number | null;
  readonly alias_id: number | null;
}

/** Nothing where there is no such asset now. */
export type SourceIds = (source: Source) => SourceId | undefined;

/** Finds what sources are stored by. */
export async function readSourceIds(tx: Tx, sources: readonly Source[]): Promise<SourceIds> {
  const assets = sources.filter(isAssetSource);
  const passages = sources.filter(isPassage);
  const { rows } = await sql<{
    readonly asset_id: number | null;
    readonly alias_id: number | null;
    readonly name: string;
    /** Of what updates come through: the kind of it. */
    readonly uri: AssetUri;
  }>`
    select a.id as asset_id, null::int as alias_id, name, uri
    from asset a where (name, uri) in (
      select * from unnest(${assets.map(({ name }) => name)}::text[], ${assets.map(({ uri }) => uri)}::text[])
    )
    union all select null, id, name, kind from asset_alias where (kind, name) in (
      select * from unnest(${passages.map(({ kind }) => kind)}::text[], ${passages.map(({ name }) => name)}::text[])
    )`.execute(tx);
  const ids = new Map(
    rows.map(({ name, uri, ...id }) => [
      id.asset_id === null ? `${uri} ${name}` : assetKey({ name, uri }),
      id,
    ]),
  );
  return (source) => {
    if (!isAssetSource(source) && !isPassage(source)) return undefined;
    const id = ids.get(isAssetSource(source) ? assetKey(source) : `${source.kind} ${source.name}`);
    if (id === undefined) throw new Error(`${titleOf(source)} is not part of the project`);
    return id;
  };
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
    .where('kind', '=', source.kind === 'template' ? 'template' : 'alias')
    .executeTakeFirst();
  if (row === undefined) throw new Error(`${titleOf(source)} was never deployed: run 'tidegate deploy'`);
  return { asset_id: null, alias_id: row.id };
}
