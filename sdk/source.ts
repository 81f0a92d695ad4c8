import type { Source } from '../core/source.ts';
import type { Alias } from './alias.ts';
import type { AnyAsset } from './asset.ts';
import { isBranded } from './brand.ts';

/** What a DAG may wait for, and a task may update or read. */
export type AnySource = AnyAsset | Alias;

/** Whether a value is an asset that `asset` made. */
export function isAsset(value: unknown): value is AnyAsset {
  return isBranded(value, 'asset');
}

/** Whether a value is an alias that `alias` made. */
export function isAlias(value: unknown): value is Alias {
  return isBranded(value, 'alias');
}

export function isSource(value: unknown): value is AnySource {
  return isAsset(value) || isAlias(value);
}

/** What identifies a source, without what else is known about it. */
export function sourceOf(source: AnySource): Source {
  const { name } = source;
  return isAlias(source) ? { kind: 'alias', name } : { name, uri: source.uri };
}
