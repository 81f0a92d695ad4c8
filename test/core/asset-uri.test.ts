import * as fc from 'fast-check';
import { maxUriLength, normalizeUri, parseAssetName, parseAssetUri } from '../../core/asset-uri.ts';

describe('a URI', () => {
  it.each([
    ['its scheme in lower case', 'S3://Bucket/Key', 's3://Bucket/Key'],
    ['host and path in their case', 's3://BUCKET/Path', 's3://BUCKET/Path'],
    ['no trailing slash', 's3://bucket/path/', 's3://bucket/path'],
    ['no trailing slashes', 's3://bucket/path///', 's3://bucket/path'],
    ['slashes inside', 's3://bucket//path', 's3://bucket//path'],
    ['a slash for an empty path', 's3://bucket', 's3://bucket/'],
    ['a slash for a path of slashes', 's3://bucket//', 's3://bucket/'],
    ['a slash for an empty path before a query', 's3://bucket?a=1', 's3://bucket/?a=1'],
    ['no host where it had none', 'file:///data/in/', 'file:///data/in'],
    ['its query sorted', 's3://b/k?b=2&a=1', 's3://b/k?a=1&b=2'],
    ['its query sorted by value where names are equal', 's3://b/k?a=2&a=1', 's3://b/k?a=1&a=2'],
    ['no blank parameters', 's3://b/k?a=&b=1&c', 's3://b/k?b=1'],
    ['no question mark without parameters', 's3://b/k/?a=', 's3://b/k'],
    ['its query form-encoded', 's3://b/k?a=x%20y', 's3://b/k?a=x+y'],
    ['no fragment', 's3://b/k#part', 's3://b/k'],
    ['no fragment that looks like a query', 's3://b/k#part?a=1', 's3://b/k'],
    ['slashes in a query', 's3://b/k?a=/x/', 's3://b/k?a=%2Fx%2F'],
    ['a bare user', 'abfss://container@account/p', 'abfss://container@account/p'],
    ['a port', 'postgres://h:5432/db', 'postgres://h:5432/db'],
    ['dot segments and percent escapes', 's3://b/a/../%7Eb', 's3://b/a/../%7Eb'],
  ])('keeps or gets %s', (_, written, uri) => {
    expect(normalizeUri(written)).toEqual({ uri, warnings: [] });
  });

  it.each([
    ['plain', 'postgres://user:secret@h/db', 'postgres://h/db'],
    ['empty', 'postgres://user:@h/db', 'postgres://h/db'],
    ['with an at sign', 'postgres://user:se@cret@h:5432/db', 'postgres://h:5432/db'],
  ])('loses its user with a password, and says so without it: %s', (_, written, uri) => {
    const normalized = normalizeUri(written);
    expect(normalized.uri).toBe(uri);
    expect(normalized.warnings).toEqual([expect.stringMatching(/^user and password were removed/)]);
  });

  it.each(['x-mine://H/p/?b=2&a=1#f', 'X-Mine://u:p@h//', 'just-a-name/', 'orders?b&a#x'])(
    'stays as it is with an x- scheme or without a scheme: %s',
    (written) => {
      expect(normalizeUri(written)).toEqual({ uri: written, warnings: [] });
    },
  );

  it.each([
    ['empty', '', /it is empty/],
    ['blank', '  ', /it is empty/],
    ['not ASCII', 's3://bücket/k', /percent-encode/],
    ['not ASCII, with an x- scheme', 'x-mine://ü', /percent-encode/],
    ['with a blank in it', 's3://b/a b', /percent-encode/],
    ['with a line break at its end', 's3://b/a\n', /percent-encode/],
    ['of a reserved scheme', 'airflow://x', /'airflow' is reserved/],
    ['of a reserved scheme in capitals', 'AirFlow://x', /'airflow' is reserved/],
    ['of our own scheme', 'tidegate://x', /'tidegate' is reserved/],
  ])('is refused when %s', (_, written, reason) => {
    expect(() => parseAssetUri(written)).toThrow(
      expect.objectContaining({ code: 'invalid_uri', message: expect.stringMatching(reason) }),
    );
  });

  it('is as long as allowed after normalising, not before', () => {
    const longest = `s3://b/${'k'.repeat(maxUriLength - 7)}`;
    expect(parseAssetUri(`${longest}////#and-more`)).toBe(longest);
    expect(() => parseAssetUri(`${longest}k`)).toThrow(/it has 1501 characters, 1500 are allowed/);
    const grows = `s3://b/?a=${'/'.repeat(maxUriLength / 2)}`;
    expect(() => parseAssetUri(grows)).toThrow(/characters, 1500 are allowed/);
    expect(() => parseAssetUri('n'.repeat(maxUriLength + 1))).toThrow(/1500 are allowed/);
  });
});

function anyWrittenUri(): fc.Arbitrary<string> {
  const text = fc.string({ unit: fc.constantFrom(...'aB1/:@?#&=+%~*.-_'.split('')), maxLength: 20 });
  const scheme = fc.constantFrom('s3://', 'S3://', 'Postgres://', 'x-a://', 'file:///', 'h', 's3:/');
  return fc.oneof(
    fc.tuple(scheme, text).map((parts) => parts.join('')),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );
}

describe('any URI', () => {
  it('is spelled the same when it is normalised again, without another warning', () => {
    fc.assert(
      fc.property(anyWrittenUri(), (written) => {
        const { uri } = normalizeUri(written);
        expect(normalizeUri(uri)).toEqual({ uri, warnings: [] });
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same asset however its query is ordered and its end is written', () => {
    const anyQuery = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}=[a-z0-9]{1,3}$/), { maxLength: 5 });
    fc.assert(
      fc.property(anyQuery, fc.nat(3), (query, slashes) => {
        const spell = (parameters: readonly string[], end: string) =>
          parseAssetUri(`s3://b/k${end}?${parameters.join('&')}`);
        expect(spell(query.toReversed(), '/'.repeat(slashes))).toBe(spell(query, ''));
      }),
    );
  });
});

describe('the name of an asset', () => {
  it('is any text', () => {
    expect(parseAssetName('Bestellungen für heute')).toBe('Bestellungen für heute');
    expect(parseAssetName('n'.repeat(maxUriLength))).toHaveLength(maxUriLength);
  });

  it.each(['', ' \t', 'self', 'context', 'n'.repeat(maxUriLength + 1)])('is not %j', (name) => {
    expect(() => parseAssetName(name)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });
});
