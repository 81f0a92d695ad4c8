import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import { withoutCredentials } from './uri-parts.ts';
import { maxUriLength, spellUri, type UriWarning } from './uri-spelling.ts';

declare const uriBrand: unique symbol;
/** An asset's URI, normalised. */
export type AssetUri = string & { readonly [uriBrand]: true };

/** The pair that identifies an asset. Among active assets each half is unique too. */
export interface AssetRef {
  readonly name: string;
  readonly uri: AssetUri;
}

/** What assets are compared by, and kept under in maps. */
export function assetKey({ name, uri }: AssetRef): string {
  return JSON.stringify([name, uri]);
}

/** What normalising made of a URI, and what the author should know about it. */
export interface NormalizedUri {
  readonly uri: AssetUri;
  readonly warnings: readonly UriWarning[];
}

/**
 * A URI as assets have it: the same in every project, whatever level it gives to rules of schemes.
 * @throws TidegateError `invalid_uri` when empty, not RFC 3986 ASCII, of a reserved scheme, or above 1,500 characters
 */
export function normalizeUri(input: string): NormalizedUri {
  const spelling = spellUri(input, { withSchemeRules: true });
  if (spelling.kind === 'refused') {
    throw new TidegateError(
      'invalid_uri',
      `URI ${quote(withoutCredentials(input))} is not valid: ${spelling.reason}`,
    );
  }
  return { uri: spelling.uri as AssetUri, warnings: spelling.warnings };
}

/** @throws TidegateError `invalid_uri` as {@link normalizeUri} does */
export function parseAssetUri(input: string): AssetUri {
  return normalizeUri(input).uri;
}

const longestName = maxUriLength;
const reservedNames: readonly string[] = ['self', 'context'];

/** @throws TidegateError `invalid_definition` when blank, longer than 1,500 characters, or one of the reserved words `self` and `context` */
export function parseAssetName(input: string): string {
  if (input.trim() === '' || input.length > longestName || reservedNames.includes(input)) {
    throw new TidegateError(
      'invalid_definition',
      `asset name ${quote(input)} is not valid: use 1 to ${longestName} characters, not blank, not 'self' or 'context'`,
    );
  }
  return input;
}
