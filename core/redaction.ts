import { isRecord, type Json } from './json.ts';

/** Shorter values would be found in texts that have nothing to do with them, so they are not looked for. */
export const shortestSecret = 4;
/** What stands where a secret stood. */
export const redacted = '***';
/** Shorter pieces of base64 are in too many texts. */
const shortestPiece = 7;

/** Takes secrets out of what is about to be seen by people. */
export interface Redactor {
  /** The text with `***` for each secret: as it is, escaped as in JSON, encoded as in URLs, or as a part of base64. */
  readonly text: (text: string) => string;
  /** The same in every key and text of a value, and for numbers that are a secret. */
  readonly json: (value: Json) => Json;
  /** The same in JSON text, which stays JSON. */
  readonly jsonText: (text: string) => string;
  /** Whether a text holds one. */
  readonly isIn: (text: string) => boolean;
}

/** A redactor of these values; those shorter than {@link shortestSecret} are left alone. */
export function redactorOf(secrets: readonly string[]): Redactor {
  const known = secrets.filter((secret) => secret.length >= shortestSecret);
  if (known.length === 0) return nothing;
  // Longest first: what is left of a longer secret, once a shorter one in it was taken out, would tell most of it.
  const forms = [...new Set(known.flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(
    forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'),
    'g',
  );
  const text = (whole: string): string => whole.replaceAll(pattern, redacted);
  const json = (value: Json): Json => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return known.includes(String(value)) ? redacted : value;
    if (Array.isArray(value)) return value.map(json);
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [text(key), json(part)]));
  };
  const isIn = (whole: string): boolean => whole.search(pattern) >= 0;
  return {
    ...{ text, json, isIn },
    jsonText: (whole) => (isIn(whole) ? JSON.stringify(json(JSON.parse(whole))) : whole),
  };
}

const nothing: Redactor = {
  text: (text) => text,
  json: (value) => value,
  jsonText: (text) => text,
  isIn: () => false,
};

function formsOf(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const inUrl = encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\uFFFD'));
  return [
    secret,
    escaped,
    // A text that is quoted in a text that is quoted, as errors often have it.
    JSON.stringify(escaped).slice(1, -1),
    inUrl,
    inUrl.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    inUrl.replaceAll('%20', '+'),
    ...base64Of(secret),
  ];
}

/** Base64 of whatever the secret is part of, such as `user:password`: it has one of these, by where the secret begins in it. */
function base64Of(secret: string): readonly string[] {
  const bytes = String.fromCodePoint(...new TextEncoder().encode(secret));
  const pieces = [0, 1, 2].map((shift) => {
    const text = btoa('\0'.repeat(shift) + bytes);
    // Digits that also depend on what stands before or behind.
    const first = Math.ceil((shift * 8) / 6);
    return text.slice(first, Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const long = pieces.filter((piece) => piece.length >= shortestPiece);
  return [...long, ...long.map((piece) => piece.replaceAll('+', '-').replaceAll('/', '_'))];
}
