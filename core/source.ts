import { assetKey, type AssetRef } from './asset-uri.ts';
import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { maxUriLength } from './uri-spelling.ts';

/** What a leaf of a condition, an outlet or an inlet stands for. */
export type Source = AssetSource | AliasSource;

/** An asset: its own updates. What says no kind is one, as everything was in the first definitions. */
export interface AssetSource extends AssetRef {
  readonly kind?: 'asset';
}

/** An alias: updates that came through it, whichever asset they are of. */
export interface AliasSource {
  readonly kind: 'alias';
  readonly name: string;
}

/** What sources are compared by, and kept under in maps: an asset and an alias may have the same name. */
export function sourceKey(source: Source): string {
  return source.kind === 'alias' ? JSON.stringify(['alias', source.name]) : assetKey(source);
}

/** A source as a sentence names it. */
export function titleOf(source: Source): string {
  return source.kind === 'alias' ? `alias ${source.name}` : source.name;
}

/** Whether it is an asset itself. */
export function isAssetSource(source: Source): source is AssetSource {
  return source.kind !== 'alias';
}

/** @throws TidegateError `invalid_definition` when blank or longer than 1,500 characters */
export function parseAliasName(input: unknown): string {
  if (typeof input === 'string' && input.trim() !== '' && input.length <= maxUriLength) return input;
  throw new TidegateError(
    'invalid_definition',
    `alias name ${quote(String(input))} is not valid: use 1 to ${maxUriLength} characters, not blank`,
  );
}
