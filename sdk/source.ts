import type { Source } from '../core/source.ts';
import type { Alias } from './alias.ts';
import type { AnyAsset } from './asset.ts';
import type { AssetByReference } from './asset-ref.ts';
import { isBranded } from './brand.ts';
import type { AssetSelector } from './select.ts';

/** What a task may update or read. */
export type AnySource = AnyAsset | Alias | AssetByReference;

/** What a leaf of a condition may be. */
export type AnyLeaf = AnySource | AssetSelector;

/** Whether a value is an asset that `asset` made. */
export function isAsset(value: unknown): value is AnyAsset {
  return isBranded(value, 'asset');
}

/** Whether a value is an alias that `alias` made. */
export function isAlias(value: unknown): value is Alias {
  return isBranded(value, 'alias');
}

/** Whether a value is a reference that `assetRef` made. */
export function isAssetRef(value: unknown): value is AssetByReference {
  return isBranded(value, 'assetRef');
}

/** Whether a value is a selector that a function of `select` made. */
export function isSelector(value: unknown): value is AssetSelector {
  return isBranded(value, 'selector');
}

export function isSource(value: unknown): value is AnySource {
  return isAsset(value) || isAlias(value) || isAssetRef(value);
}

export function isLeaf(value: unknown): value is AnyLeaf {
  return isSource(value) || isSelector(value);
}

/** What identifies a source, without what else is known about it. */
export function sourceOf(source: AnyLeaf): Source {
  const { name } = source;
  if (isAlias(source)) return { kind: 'alias', name };
  if (isAssetRef(source)) return { kind: 'ref', by: source.by, name };
  if (isSelector(source)) return { kind: 'selector', by: source.by, name };
  return source.template === undefined ? { name, uri: source.uri } : { kind: 'template', name };
}
