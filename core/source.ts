import { assetKey, type AssetRef } from './asset-uri.ts';
import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { maxUriLength } from './uri-spelling.ts';

/** What a leaf of a condition, an outlet or an inlet stands for. */
export type Source = AssetSource | PassageSource | RefSource | SelectorSource;

/** What updates come through. */
export type PassageSource = AliasSource | TemplateSource;

/** An asset: its own updates. What says no kind is one, as everything was in the first definitions. */
export interface AssetSource extends AssetRef {
  readonly kind?: 'asset';
}

/** An alias: updates that came through it, whichever asset they are of. */
export interface AliasSource {
  readonly kind: 'alias';
  readonly name: string;
}

/** A templated asset: updates of any of its instances. */
export interface TemplateSource {
  readonly kind: 'template';
  readonly name: string;
}

/** The active asset of a name or a URI, whichever that is at a time; it may not be there yet. */
export interface RefSource {
  readonly kind: 'ref';
  readonly by: 'name' | 'uri';
  /** That name, or that URI. */
  readonly name: string;
}

/** All active assets of a group, with a tag, or with a name like a pattern. */
export interface SelectorSource {
  readonly kind: 'selector';
  readonly by: 'group' | 'tag' | 'name';
  /** The group, the tag, or the pattern. */
  readonly name: string;
}

/** What sources are compared by, and kept under in maps: an asset and an alias may have the same name. */
export function sourceKey(source: Source): string {
  if (isAssetSource(source)) return assetKey(source);
  const { kind, name } = source;
  return JSON.stringify(isPassage(source) ? [kind, name] : [kind, source.by, name]);
}

/** A source as a sentence names it. */
export function titleOf(source: Source): string {
  switch (source.kind) {
    case 'alias':
      return `alias ${source.name}`;
    case 'template':
      return `${source.name} (any instance)`;
    case 'ref':
      return `${source.name} (no active asset of this ${source.by === 'uri' ? 'URI' : 'name'} yet)`;
    case 'selector':
      return `select.${source.by === 'name' ? 'matching' : source.by}('${source.name}')`;
    default:
      return source.name;
  }
}

/** Whether it is an asset itself. */
export function isAssetSource(source: Source): source is AssetSource {
  return source.kind === undefined || source.kind === 'asset';
}

/** Whether it is something that updates come through. */
export function isPassage(source: Source): source is PassageSource {
  return source.kind === 'alias' || source.kind === 'template';
}

/** Whether what it stands for depends on which assets there are. */
export function isOpenSource(source: Source): source is RefSource | SelectorSource {
  return source.kind === 'ref' || source.kind === 'selector';
}

/** @throws TidegateError `invalid_definition` when blank, longer than 1,500 characters, or with control characters */
export function parseAliasName(input: unknown): string {
  if (isSourceName(input)) return input;
  throw new TidegateError(
    'invalid_definition',
    `alias name ${quote(String(input))} is not valid: use 1 to ${maxUriLength} characters, not blank, no control characters`,
  );
}

/** Whether an alias, a group, a tag or a pattern may be written so. */
export function isSourceName(input: unknown): input is string {
  return (
    typeof input === 'string' && input.trim() !== '' && input.length <= maxUriLength && !/\p{Cc}/u.test(input)
  );
}
