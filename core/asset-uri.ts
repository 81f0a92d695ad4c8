import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';

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

/** Longest name, and longest URI after normalising. */
export const maxUriLength = 1_500;

/** What normalising made of a URI, and what the author should know about it. */
export interface NormalizedUri {
  readonly uri: AssetUri;
  readonly warnings: readonly string[];
}

const reservedSchemes = new Set(['airflow', 'tidegate']);
const reservedNames = new Set(['self', 'context']);
const schemed = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s;
/** Characters a URI may be written in (RFC 3986 §2). */
const uriCharacters = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;

/**
 * The one spelling of a URI that assets are compared by: scheme in lower case, trailing slashes, blank query parameters and
 * fragment dropped, parameters sorted, a password removed with its user. `x-…` schemes and strings without a scheme stay as they are.
 * @throws TidegateError `invalid_uri` when empty, not RFC 3986 ASCII, of a reserved scheme, or above 1,500 characters
 */
export function normalizeUri(input: string): NormalizedUri {
  if (input.trim() === '') throw refused(input, 'it is empty: write a URI such as s3://bucket/path');
  if (!uriCharacters.test(input)) {
    throw refused(input, 'it has characters that RFC 3986 does not allow: percent-encode them');
  }
  const [, scheme, rest] = schemed.exec(input) ?? [];
  if (scheme === undefined || rest === undefined) return within(input, input, []);
  const lower = scheme.toLowerCase();
  if (reservedSchemes.has(lower)) throw refused(input, `the scheme '${lower}' is reserved: use another one`);
  if (lower.startsWith('x-')) return within(input, input, []);
  return normalizeParts(input, lower, rest);
}

/** @throws TidegateError `invalid_uri` as {@link normalizeUri} does */
export function parseAssetUri(input: string): AssetUri {
  return normalizeUri(input).uri;
}

/** @throws TidegateError `invalid_definition` when blank, longer than 1,500 characters, or one of the reserved words `self` and `context` */
export function parseAssetName(input: string): string {
  if (input.trim() === '' || input.length > maxUriLength || reservedNames.has(input)) {
    throw new TidegateError(
      'invalid_definition',
      `asset name ${quote(input)} is not valid: use 1 to ${maxUriLength} characters, not blank, not 'self' or 'context'`,
    );
  }
  return input;
}

function normalizeParts(input: string, scheme: string, rest: string): NormalizedUri {
  const warnings: string[] = [];
  const [withoutFragment = ''] = rest.split('#', 1);
  const queryAt = withoutFragment.indexOf('?');
  const hierarchy = queryAt < 0 ? withoutFragment : withoutFragment.slice(0, queryAt);
  const query = queryAt < 0 ? '' : sortQuery(withoutFragment.slice(queryAt + 1));
  const slashAt = hierarchy.indexOf('/');
  let authority = slashAt < 0 ? hierarchy : hierarchy.slice(0, slashAt);
  const path = slashAt < 0 ? '' : hierarchy.slice(slashAt);

  const at = authority.lastIndexOf('@');
  if (at >= 0 && authority.slice(0, at).includes(':')) {
    authority = authority.slice(at + 1);
    warnings.push('user and password were removed: keep credentials out of asset URIs');
  }
  const trimmed = path.replace(/\/+$/, '');
  const spelled = `${scheme}://${authority}${trimmed === '' ? '/' : trimmed}${query === '' ? '' : `?${query}`}`;
  return within(input, spelled, warnings);
}

function sortQuery(query: string): string {
  const kept = [...new URLSearchParams(query)].filter(([, value]) => value !== '');
  kept.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return new URLSearchParams(kept).toString();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function within(input: string, uri: string, warnings: readonly string[]): NormalizedUri {
  if (uri.length > maxUriLength)
    throw refused(input, `it has ${uri.length} characters, ${maxUriLength} are allowed`);
  return { uri: uri as AssetUri, warnings };
}

function refused(input: string, reason: string): TidegateError {
  return new TidegateError('invalid_uri', `URI ${quote(input)} is not valid: ${reason}`);
}
