import { formOf, schemeRules } from '../../core/uri-schemes.ts';
import { spellUri } from '../../core/uri-spelling.ts';

const spell = (input: string, withSchemeRules = true) => {
  const spelling = spellUri(input, { withSchemeRules });
  if (spelling.kind === 'refused') throw new Error(spelling.reason);
  return { uri: spelling.uri, warnings: spelling.warnings.map(({ message }) => message) };
};

describe('a URI that meets the rule of its scheme', () => {
  // What the handlers of Airflow's providers make of them.
  it.each([
    ['s3://bucket', 's3://bucket/'],
    ['gs://bucket/a/b/', 'gs://bucket/a/b'],
    ['file:///data/in.csv', 'file:///data/in.csv'],
    ['file:/data/in.csv', 'file:///data/in.csv'],
    ['file://host/data', 'file://host/data'],
    ['ftp://Host', 'ftp://Host:21/'],
    ['ftp://host:2121/in/', 'ftp://host:2121/in'],
    ['postgres://h/db/schema/table', 'postgres://h:5432/db/schema/table'],
    ['PostgreSQL://h/db/schema/table/', 'postgres://h:5432/db/schema/table'],
    ['postgresql://h:6543/db//table', 'postgres://h:6543/db/default/table'],
    ['postgres://user@h/db/s/t', 'postgres://user@h:5432/db/s/t'],
    ['postgres://h:/db/s/t', 'postgres://h:5432/db/s/t'],
    ['postgres://[::1]/db/s/t', 'postgres://[::1]:5432/db/s/t'],
    ['postgres://[::1]:1/db/s/t', 'postgres://[::1]:1/db/s/t'],
    ['postgres://h/db/s/t?b=2&a=1#x', 'postgres://h:5432/db/s/t?a=1&b=2'],
    ['mysql://h/db/table', 'mysql://h:3306/db/table'],
    ['mariadb://h/db/table', 'mysql://h:3306/db/table'],
    ['redshift://h/db/s/t', 'redshift://h:5439/db/s/t'],
    ['redshift://h/db//t', 'redshift://h:5439/db//t'],
    ['trino://h/catalog/s/t', 'trino://h:8080/catalog/s/t'],
    ['mongodb://h/db/c', 'mongodb://h:27017/db/c'],
    ['hive://h/db/t', 'hive://h/db/t'],
    ['hive://h:10000/db/t', 'hive://h:10000/db/t'],
    ['bigquery://project/dataset/table', 'bigquery://project/dataset/table'],
    ['snowflake://account/db/s/t', 'snowflake://account/db/s/t'],
  ])('is spelled by it: %s', (written, uri) => {
    expect(spell(written)).toEqual({ uri, warnings: [] });
  });

  it('is spelled by the general rules alone where rules of schemes are left out', () => {
    expect(spell('PostgreSQL://h/db//t/', false)).toEqual({ uri: 'postgresql://h/db//t', warnings: [] });
    expect(spell('s3:///k', false)).toEqual({ uri: 's3:///k', warnings: [] });
  });
});

describe('a URI that does not', () => {
  it.each([
    ['s3:///key/', 's3:///key', 's3://bucket[/path]'],
    ['s3:/bucket/key', 's3:/bucket/key', 's3://bucket[/path]'],
    ['gs://', 'gs:///', 'gs://bucket[/path]'],
    ['file://', 'file:///', 'file://[host]/path'],
    ['file://data.csv', 'file://data.csv/', 'file://[host]/path'],
    ['file:data.csv', 'file:data.csv', 'file://[host]/path'],
    ['ftp:///in', 'ftp:///in', 'ftp://host[:21][/path]'],
    ['ftp://host:p/in', 'ftp://host:p/in', 'ftp://host[:21][/path]'],
    ['postgresql://wh/users/', 'postgresql://wh/users', 'postgres://host[:5432]/database/schema/table'],
    ['postgres://h/a/b/c/d', 'postgres://h/a/b/c/d', 'postgres://host[:5432]/database/schema/table'],
    ['postgres:///a/b/c', 'postgres:///a/b/c', 'postgres://host[:5432]/database/schema/table'],
    ['postgres://u@/a/b/c', 'postgres://u@/a/b/c', 'postgres://host[:5432]/database/schema/table'],
    ['postgres:a/b/c/d', 'postgres:a/b/c/d', 'postgres://host[:5432]/database/schema/table'],
    ['postgres://h:65536/a/b/c', 'postgres://h:65536/a/b/c', 'postgres://host[:5432]/database/schema/table'],
    ['mariadb://h/t', 'mariadb://h/t', 'mysql://host[:3306]/database/table'],
    ['redshift://h/s/t', 'redshift://h/s/t', 'redshift://host[:5439]/database/schema/table'],
    ['trino://h/t', 'trino://h/t', 'trino://host[:8080]/catalog/schema/table'],
    ['mongodb://a:1,b:2/db/c', 'mongodb://a:1,b:2/db/c', 'mongodb://host[:27017]/database/collection'],
    ['hive://h/t', 'hive://h/t', 'hive://host/database/table'],
    ['bigquery:///d/t', 'bigquery:///d/t', 'bigquery://project/dataset/table'],
    ['snowflake://db/s/t', 'snowflake://db/s/t', 'snowflake://account/database/schema/table'],
  ])('is spelled by the general rules, with the form it should have: %s', (written, uri, form) => {
    const warnings = [`it is not written as its scheme expects: ${form}`];
    expect(spell(written)).toEqual({ uri, warnings });
  });
});

describe('the rules', () => {
  it('are one a scheme, in lower case', () => {
    const schemes = schemeRules.flatMap((rule) => rule.schemes);
    expect(new Set(schemes).size).toBe(schemes.length);
    expect(schemes.filter((scheme) => !/^[a-z0-9]+$/.test(scheme))).toEqual([]);
  });

  it('are met by the form they show, without its brackets', () => {
    for (const rule of schemeRules) expect(spell(formOf(rule).replaceAll(/[[\]]/g, '')).warnings).toEqual([]);
  });
});
