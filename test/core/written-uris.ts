import * as fc from 'fast-check';

const schemes = [
  ...['s3://', 'S3://', 's3:/', 'gs://', 'file:///', 'file:', 'ftp://', 'Postgres://', 'postgresql://'],
  ...[
    'mariadb://',
    'trino://',
    'hive://',
    'bigquery://',
    'snowflake://',
    'x-a://',
    'store://',
    'urn:',
    'h',
    '',
  ],
];

/** Text that looks like a URI, of schemes with and without rules; parts are missing, empty, repeated or malformed. */
export function anyWrittenUri(): fc.Arbitrary<string> {
  const text = fc.string({ unit: fc.constantFrom(...'aB1/:@?#&=+%~*.-_[]'.split('')), maxLength: 20 });
  const authority = fc.constantFrom('h', 'h:1', 'h:', 'h:x', '[::1]', 'u@h', 'u:p@h', 'u:@h', '');
  const path = fc
    .array(fc.constantFrom('a', 'B', '', '%7e', '..'), { maxLength: 5 })
    .map((parts) => parts.map((part) => `/${part}`).join(''));
  const end = fc.constantFrom('', '/', '?b=2&a=1', '?a=&b', '?a=%ff+x', '#f', '?a=/#f');
  return fc.oneof(
    fc.tuple(fc.constantFrom(...schemes), text).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom(...schemes), authority, path, end).map((parts) => parts.join('')),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
  );
}
