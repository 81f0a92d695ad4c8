import {
  joinUri,
  sortQuery,
  splitUri,
  type UriParts,
  withoutPassword,
  withoutTrailingSlashes,
} from './uri-parts.ts';
import { applySchemeRule, formOf } from './uri-schemes.ts';

/** Longest URI after normalising. */
export const maxUriLength = 1_500;

/** What an author should know about a URI that can be taken all the same. */
export interface UriWarning {
  /** How much a rule of its scheme weighs is for the project to say. */
  readonly kind: 'credentials' | 'scheme rule';
  readonly message: string;
}

/** A URI in its one spelling, or why it has none. */
export type Spelling =
  | { readonly kind: 'spelled'; readonly uri: string; readonly warnings: readonly UriWarning[] }
  | { readonly kind: 'refused'; readonly reason: string };

const reservedSchemes: readonly string[] = ['airflow', 'tidegate'];
/** Characters that no URI is written in (RFC 3986 §2). */
const foreignCharacter = /[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/;
const malformedEscape = /%(?![0-9A-Fa-f]{2})/;

/**
 * The one spelling of a URI that assets are compared by: scheme in lower case, trailing slashes, parameters without a value and
 * fragment dropped, parameters sorted, a password removed with its user; then as the rule of its scheme says, where it is met.
 * `x-…` schemes and strings without a scheme stay as they are. Any string is spelled or refused; refused are an empty one, one
 * that is not RFC 3986 ASCII, one of a reserved scheme, and one above 1,500 characters.
 */
export function spellUri(
  input: string,
  { withSchemeRules }: { readonly withSchemeRules: boolean },
): Spelling {
  if (input.trim() === '') return refused('it is empty: write a URI such as s3://bucket/path');
  if (foreignCharacter.test(input))
    return refused('it has characters that RFC 3986 does not allow: percent-encode them');
  if (malformedEscape.test(input))
    return refused('it has a % without two hexadecimal digits behind it: write %25 for the character itself');
  const parts = splitUri(input);
  if (parts === undefined || parts.scheme.startsWith('x-')) return within(input, []);
  if (reservedSchemes.includes(parts.scheme))
    return refused(`the scheme '${parts.scheme}' is reserved: use another one`);

  const general = spellParts(parts);
  const warnings = general.authority === parts.authority ? [] : [credentialsRemoved];
  if (!withSchemeRules) return within(joinUri(general), warnings);
  const outcome = applySchemeRule(general);
  if (outcome.kind === 'met') return within(joinUri(outcome.parts), warnings);
  if (outcome.kind === 'no rule') return within(joinUri(general), warnings);
  const message = `it is not written as its scheme expects: ${formOf(outcome.rule)}`;
  return within(joinUri(general), [...warnings, { kind: 'scheme rule', message }]);
}

const credentialsRemoved: UriWarning = {
  kind: 'credentials',
  message: 'user and password were removed: keep credentials out of asset URIs',
};

function spellParts({ scheme, authority, path, query }: UriParts): UriParts {
  return {
    scheme,
    authority: authority === undefined ? undefined : withoutPassword(authority),
    path: withoutTrailingSlashes(path),
    query: sortQuery(query),
  };
}

function within(uri: string, warnings: readonly UriWarning[]): Spelling {
  return uri.length > maxUriLength
    ? refused(`it has ${uri.length} characters, ${maxUriLength} are allowed`)
    : { kind: 'spelled', uri, warnings };
}

function refused(reason: string): Spelling {
  return { kind: 'refused', reason };
}
