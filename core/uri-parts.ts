/** A URI cut where RFC 3986 cuts it (§3), without its fragment. */
export interface UriParts {
  /** In lower case. */
  readonly scheme: string;
  /** User, host and port; undefined where no `//` announces them. */
  readonly authority: string | undefined;
  readonly path: string;
  /** Without its question mark; empty where there is none. */
  readonly query: string;
}

const schemed = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/;

/** Cuts a URI; undefined where the text has no scheme. */
export function splitUri(text: string): UriParts | undefined {
  const [, scheme, authority, path = '', query = ''] = schemed.exec(text) ?? [];
  return scheme === undefined ? undefined : { scheme: scheme.toLowerCase(), authority, path, query };
}

/** The text that {@link splitUri} cuts into these parts. */
export function joinUri({ scheme, authority, path, query }: UriParts): string {
  return `${scheme}:${authority === undefined ? '' : `//${authority}`}${path}${query === '' ? '' : `?${query}`}`;
}

/** An authority without its user where that comes with a password; a user whose password is missing or empty stays. */
export function withoutPassword(authority: string): string {
  const at = authority.lastIndexOf('@');
  const colon = authority.indexOf(':');
  return colon >= 0 && colon < at - 1 ? authority.slice(at + 1) : authority;
}

/** A text as it is written, but without user and password where it is a URI that has them. */
export function withoutCredentials(text: string): string {
  const [, scheme, authority] = /^([^:/?#]+:\/\/)([^/?#]*)/.exec(text) ?? [];
  if (scheme === undefined || authority === undefined) return text;
  return scheme + withoutPassword(authority) + text.slice(scheme.length + authority.length);
}

/** A path without the slashes it ends with; at least one slash. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return end === 0 ? '/' : path.slice(0, end);
}

/**
 * A query in its one order and encoding: sorted by name and value, parameters without a value dropped, form-encoded.
 * Escapes are taken byte by byte, so that those which are no UTF-8 stay what they are.
 */
export function sortQuery(query: string): string {
  return query
    .split('&')
    .map((parameter) => {
      const equals = parameter.indexOf('=');
      return equals < 0
        ? [bytesOf(parameter), '']
        : [parameter.slice(0, equals), parameter.slice(equals + 1)].map(bytesOf);
    })
    .filter(([, value = '']) => value !== '')
    .toSorted(([a = '', x = ''], [b = '', y = '']) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name = '', value = '']) => `${formEncode(name)}=${formEncode(value)}`)
    .join('&');
}

/** One character a byte. */
function bytesOf(encoded: string): string {
  return encoded
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function formEncode(bytes: string): string {
  return bytes.replaceAll(/[^A-Za-z0-9_.~-]/g, (byte) =>
    byte === ' ' ? '+' : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
