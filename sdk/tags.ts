import { TidegateError } from '../core/errors.ts';

/** @throws TidegateError `invalid_definition` unless they are a list of texts of 1 to 100 characters, not blank; each is kept once */
export function parseTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) {
    throw new TidegateError('invalid_definition', `tags ${JSON.stringify(tags)} are not a list: write ['…']`);
  }
  const bad = tags.find(
    (tag) => typeof tag !== 'string' || tag.trim() === '' || tag.length > 100 || /\p{Cc}/u.test(tag),
  );
  if (bad === undefined) return [...new Set(tags)];
  throw new TidegateError(
    'invalid_definition',
    `tag ${JSON.stringify(bad)} is not valid: use 1 to 100 characters`,
  );
}
