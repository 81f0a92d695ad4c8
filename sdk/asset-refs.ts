import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import type { AnyAsset } from './asset.ts';
import { isAsset } from './condition.ts';

type Role = 'outlet' | 'inlet';

/** The pair that identifies an asset, without what else is known about it. */
export function refOf({ name, uri }: AnyAsset): AssetRef {
  return { name, uri };
}

/**
 * The pairs of the assets of a task, each once.
 * @throws TidegateError `invalid_definition` as {@link requireAssets} does
 */
export function refsOf(role: Role, assets: readonly AnyAsset[]): readonly AssetRef[] {
  requireAssets(role, assets);
  return [...new Map(assets.map((asset) => [assetKey(asset), refOf(asset)])).values()];
}

/** @throws TidegateError `invalid_definition` when one of them is no asset: authors may write plain JavaScript */
export function requireAssets(role: Role, assets: readonly AnyAsset[]): void {
  if (!Array.isArray(assets)) {
    throw new TidegateError('invalid_definition', `${role}s are not a list: write ${role}s: [asset('…')]`);
  }
  const index = assets.findIndex((asset) => !isAsset(asset));
  if (index === -1) return;
  throw new TidegateError(
    'invalid_definition',
    `${role} ${index + 1} is not an asset: write asset('…'); an undefined one often comes from files that import each other`,
  );
}
