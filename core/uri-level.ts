import { spellUri, type UriWarning } from './uri-spelling.ts';

/** How a project takes a URI that does not meet the rule of its scheme: as an error, with a warning, or without a word. */
export const uriLevels = ['strict', 'warn', 'off'] as const;
export type UriLevel = (typeof uriLevels)[number];
/** The level where none is named. */
export const defaultUriLevel: UriLevel = 'warn';

/** Warnings as a level sorts them. */
export interface Weighed {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Sorts warnings: only those about rules of schemes depend on the level. */
export function weigh(warnings: readonly UriWarning[], level: UriLevel): Weighed {
  const messages = (wanted: (warning: UriWarning) => boolean): readonly string[] =>
    warnings.filter(wanted).map(({ message }) => message);
  return {
    errors: messages(({ kind }) => kind === 'scheme rule' && level === 'strict'),
    warnings: messages(({ kind }) => kind !== 'scheme rule' || level === 'warn'),
  };
}

/** What became of a URI that was looked at by itself. */
export interface UriVerdict {
  readonly input: string;
  readonly valid: boolean;
  /** Null when it is not valid. */
  readonly normalized: string | null;
  readonly warnings: readonly string[];
  /** Why it is not valid; null when it is. */
  readonly reason: string | null;
}

/** Judges any string as a URI at a level; at `off` rules of schemes do not spell it either. */
export function judgeUri(input: string, level: UriLevel): UriVerdict {
  const spelling = spellUri(input, { withSchemeRules: level !== 'off' });
  if (spelling.kind === 'refused')
    return { input, valid: false, normalized: null, warnings: [], reason: spelling.reason };
  const { errors, warnings } = weigh(spelling.warnings, level);
  return errors.length === 0
    ? { input, valid: true, normalized: spelling.uri, warnings, reason: null }
    : { input, valid: false, normalized: null, warnings, reason: errors.join('; ') };
}
