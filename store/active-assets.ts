import type { AssetRef, AssetUri } from '../core/asset-uri.ts';
import type { Db } from './database.ts';

/** The active assets of these names and URIs. */
export async function findActive(
  db: Db,
  wanted: readonly { readonly by: 'name' | 'uri'; readonly name: string }[],
): Promise<readonly AssetRef[]> {
  const names = wanted.filter(({ by }) => by === 'name').map(({ name }) => name);
  const uris = wanted.filter(({ by }) => by === 'uri').map(({ name }) => name as AssetUri);
  if (names.length + uris.length === 0) return [];
  return db
    .selectFrom('asset')
    .select(['name', 'uri'])
    .where('is_active', '=', true)
    .where((where) =>
      where.or([
        ...(names.length === 0 ? [] : [where('name', 'in', names)]),
        ...(uris.length === 0 ? [] : [where('uri', 'in', uris)]),
      ]),
    )
    .execute();
}
