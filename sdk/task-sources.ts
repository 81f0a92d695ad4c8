import type { AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { type Source, sourceKey } from '../core/source.ts';
import type { AnyAsset } from './asset.ts';
import { type AnySource, isAsset, isSource, sourceOf } from './source.ts';

type Role = 'outlet' | 'inlet';

/** The pair that identifies an asset, without what else is known about it. */
export function refOf({ name, uri }: AnyAsset): AssetRef {
  return { name, uri };
}

/**
 * What identifies the outlets or inlets of a task, each once.
 * @throws TidegateError `invalid_definition` when one of them is neither asset nor alias: authors may write plain JavaScript
 */
export function sourcesOf(role: Role, sources: readonly AnySource[]): readonly Source[] {
  requireAll(role, sources, isSource);
  return [...new Map(sources.map(sourceOf).map((source) => [sourceKey(source), source])).values()];
}

/** @throws TidegateError `invalid_definition` when one of them is no asset */
export function requireAssets(role: Role, assets: readonly AnyAsset[]): void {
  requireAll(role, assets, isAsset);
}

function requireAll(role: Role, values: readonly unknown[], isOne: (value: unknown) => boolean): void {
  if (!Array.isArray(values)) {
    throw new TidegateError('invalid_definition', `${role}s are not a list: write ${role}s: [asset('…')]`);
  }
  const index = values.findIndex((value) => !isOne(value));
  if (index === -1) return;
  throw new TidegateError(
    'invalid_definition',
    `${role} ${index + 1} is not an asset: write asset('…'); an undefined one often comes from files that import each other`,
  );
}
