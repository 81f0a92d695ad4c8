import * as fc from 'fast-check';
import { maxUriLength, type Spelling, spellUri } from '../../core/uri-spelling.ts';
import { anyWrittenUri } from './written-uris.ts';

const spell = (input: string): Spelling => spellUri(input, { withSchemeRules: true });
const uriOf = (input: string): string | undefined => {
  const spelling = spell(input);
  return spelling.kind === 'spelled' ? spelling.uri : undefined;
};

describe('a URI', () => {
  it.each([
    ['its scheme in lower case', 'S3://Bucket/Key', 's3://Bucket/Key'],
    ['its scheme in lower case without an authority', 'URN:isbn:1', 'urn:isbn:1'],
    ['host and path in their case', 's3://BUCKET/Path', 's3://BUCKET/Path'],
    ['no trailing slash', 's3://bucket/path/', 's3://bucket/path'],
    ['no trailing slashes', 's3://bucket/path///', 's3://bucket/path'],
    ['no trailing slash without an authority', 'dbfs:/mnt/data/', 'dbfs:/mnt/data'],
    ['slashes inside', 's3://bucket//path', 's3://bucket//path'],
    ['a slash for an empty path', 's3://bucket', 's3://bucket/'],
    ['a slash for a path of slashes', 's3://bucket//', 's3://bucket/'],
    ['a slash for an empty path before a query', 's3://bucket?a=1', 's3://bucket/?a=1'],
    ['an empty authority', 'hdfs:///data/in/', 'hdfs:///data/in'],
    ['its query sorted', 's3://b/k?b=2&a=1', 's3://b/k?a=1&b=2'],
    ['its query sorted by value where names are equal', 's3://b/k?a=2&a=1', 's3://b/k?a=1&a=2'],
    ['no blank parameters', 's3://b/k?a=&b=1&c&&', 's3://b/k?b=1'],
    ['a parameter without a name', 's3://b/k?=1', 's3://b/k?=1'],
    ['an equals sign in a parameter', 's3://b/k?a=b=c', 's3://b/k?a=b%3Dc'],
    ['no question mark without parameters', 's3://b/k/?a=', 's3://b/k'],
    ['its query form-encoded', "s3://b/k?a=x%20y~*'%7e", 's3://b/k?a=x+y~%2A%27~'],
    ['other scripts in a query', 's3://b/k?a=%c3%bc', 's3://b/k?a=%C3%BC'],
    ['bytes in a query that are no UTF-8', 's3://b/k?a=%ff', 's3://b/k?a=%FF'],
    ['no fragment', 's3://b/k#part', 's3://b/k'],
    ['no fragment that looks like a query', 's3://b/k#part?a=1', 's3://b/k'],
    ['slashes in a query', 's3://b/k?a=/x/', 's3://b/k?a=%2Fx%2F'],
    ['a bare user', 'abfss://container@account/p', 'abfss://container@account/p'],
    ['a user with an empty password', 'store://user:@h/p', 'store://user:@h/p'],
    ['a port', 'store://h:5432/db', 'store://h:5432/db'],
    ['dot segments and percent escapes', 's3://b/a/../%7Eb%c3', 's3://b/a/../%7Eb%c3'],
    ['stars and brackets, which are no pattern', 's3://b/[ab]*.csv', 's3://b/[ab]*.csv'],
    ['a scheme that objects have as a property', 'constructor://a', 'constructor://a/'],
  ])('keeps or gets %s', (_, written, uri) => {
    expect(spell(written)).toEqual({ kind: 'spelled', uri, warnings: [] });
  });

  it.each([
    ['plain', 'store://user:secret@h/db', 'store://h/db'],
    ['without a user', 'store://:secret@h/db', 'store://h/db'],
    ['with an at sign', 'store://user:se@cret@h:5432/db', 'store://h:5432/db'],
    ['with a rule of its scheme', 'postgres://user:secret@h/d/s/t', 'postgres://h:5432/d/s/t'],
  ])('loses its user with a password, and says so without it: %s', (_, written, uri) => {
    const message = expect.stringMatching(/^user and password were removed(?!.*cret)/);
    expect(spell(written)).toEqual({ kind: 'spelled', uri, warnings: [{ kind: 'credentials', message }] });
  });

  it.each([
    'x-mine://H/p/?b=2&a=1#f',
    'X-Mine://u:p@h//',
    'x-mine:a/',
    'just-a-name/',
    'orders?b&a#x',
    '//host/path/',
    '1st:part/',
  ])('stays as it is with an x- scheme or without a scheme: %s', (written) => {
    expect(spell(written)).toEqual({ kind: 'spelled', uri: written, warnings: [] });
  });

  it.each([
    ['empty', '', /it is empty/],
    ['blank', '  ', /it is empty/],
    ['not ASCII', 's3://bücket/k', /percent-encode/],
    ['not ASCII, with an x- scheme', 'x-mine://ü', /percent-encode/],
    ['not ASCII, without a scheme', 'für heute', /percent-encode/],
    ['with a blank in it', 's3://b/a b', /percent-encode/],
    ['with a line break at its end', 's3://b/a\n', /percent-encode/],
    ['with a backslash', 's3://b\\a', /percent-encode/],
    ['with an escape that is none', 's3://b/%zz', /write %25/],
    ['with half an escape at its end', 'x-mine://b%4', /write %25/],
    ['with a bare percent sign in its query', 's3://b/?a=100%', /write %25/],
    ['of a reserved scheme', 'airflow://x', /'airflow' is reserved/],
    ['of a reserved scheme in capitals', 'AirFlow://x', /'airflow' is reserved/],
    ['of a reserved scheme without an authority', 'AIRFLOW:x', /'airflow' is reserved/],
    ['of our own scheme', 'Tidegate://x', /'tidegate' is reserved/],
  ])('is refused when %s', (_, written, reason) => {
    expect(spell(written)).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  it('is as long as allowed after normalising, not before', () => {
    const longest = `s3://b/${'k'.repeat(maxUriLength - 7)}`;
    const tooLong = { kind: 'refused', reason: 'it has 1501 characters, 1500 are allowed' };
    expect(uriOf(`${longest}////#and-more`)).toBe(longest);
    expect(spell(`${longest}k`)).toEqual(tooLong);
    expect(spell('n'.repeat(maxUriLength + 1))).toEqual(tooLong);
    expect(uriOf(`s3://b/?a=${'/'.repeat(maxUriLength / 2)}`)).toBeUndefined();
    expect(uriOf(`mysql://h/d/${'t'.repeat(maxUriLength - 12)}`)).toBeUndefined();
  });

  it('is spelled or refused in one pass, however long it is', () => {
    for (const part of ['/', 'a:@', '%41', '?a=', 'a=b&', ':', '[', '#']) {
      expect(spell(`s3://${part.repeat(300_000)}x`)).toHaveProperty('kind');
    }
  });
});

describe('any text', () => {
  it('is spelled or refused, and never throws', () => {
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), anyWrittenUri());
    fc.assert(
      fc.property(anyText, fc.boolean(), (written, withSchemeRules) => {
        expect(['spelled', 'refused']).toContain(spellUri(written, { withSchemeRules }).kind);
      }),
      { numRuns: 1_000 },
    );
  });

  it('that is spelled is spelled the same again, and meets the rule of its scheme as before', () => {
    fc.assert(
      fc.property(anyWrittenUri(), fc.boolean(), (written, withSchemeRules) => {
        const once = spellUri(written, { withSchemeRules });
        if (once.kind === 'refused') return;
        const warnings = once.warnings.filter(({ kind }) => kind === 'scheme rule');
        expect(spellUri(once.uri, { withSchemeRules })).toEqual({ ...once, warnings });
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same URI however its query is ordered and its end is written', () => {
    const anyParameter = fc.stringMatching(/^[a-z%+=]{0,3}(?:%4[0-9a-f])?=[a-z0-9]{1,3}$/);
    const anyQuery = fc
      .array(anyParameter, { maxLength: 5 })
      .chain((query) =>
        fc.tuple(fc.constant(query), fc.shuffledSubarray(query, { minLength: query.length })),
      );
    fc.assert(
      fc.property(anyQuery, fc.nat(3), ([query, shuffled], slashes) => {
        const ordered = (parameters: readonly string[], end: string) =>
          spell(`s3://b/k${end}?${parameters.join('&')}`);
        expect(ordered(shuffled, '/'.repeat(slashes))).toEqual(ordered(query, ''));
      }),
    );
  });
});
