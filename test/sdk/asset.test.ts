import { asset } from '../../sdk/asset.ts';
import { isAsset } from '../../sdk/source.ts';

describe('asset', () => {
  it('lets its URI, as it is written, stand for its name', () => {
    expect(asset('S3://Lake/orders/')).toMatchObject({ name: 'S3://Lake/orders/', uri: 's3://Lake/orders' });
  });

  it('lets its name stand for its URI', () => {
    expect(asset({ name: 'orders' })).toMatchObject({ name: 'orders', uri: 'orders' });
  });

  it('keeps no password, neither in its URI nor in a name copied from it', () => {
    const users = asset('Postgres://ann:secret@h/users/');
    expect(users).toMatchObject({ name: 'Postgres://h/users/', uri: 'postgres://h/users' });
    expect(users.uriWarnings.map(({ kind }) => kind)).toEqual(['credentials', 'scheme rule']);
    expect(JSON.stringify(users)).not.toContain('secret');
  });

  it('is spelled by the rule of its scheme', () => {
    expect(asset({ name: 'users', uri: 'postgresql://h/d/s/users' })).toMatchObject({
      name: 'users',
      uri: 'postgres://h:5432/d/s/users',
      uriWarnings: [],
    });
  });

  it('takes both', () => {
    expect(asset({ name: 'orders', uri: 's3://lake/orders' })).toMatchObject({
      name: 'orders',
      uri: 's3://lake/orders',
    });
    expect(asset('s3://lake/orders', { name: 'orders' })).toMatchObject({
      name: 'orders',
      uri: 's3://lake/orders',
    });
  });

  it('knows where it was declared', () => {
    expect(asset('s3://lake/orders').place).toMatch(/test\/sdk\/asset\.test\.ts:\d+$/);
  });

  it.each([
    ['', 'invalid_uri'],
    ['s3://lake/ü', 'invalid_uri'],
    ['airflow://x', 'invalid_uri'],
  ])('refuses %p', (uri, code) => {
    expect(() => asset(uri)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses neither URI nor name', () => {
    expect(() => asset({})).toThrow(/needs a URI or a name/);
  });

  it('has owners, each once, in the order they are given', () => {
    expect(asset('s3://lake/orders').owners).toEqual([]);
    const owners = ['sales', 'Ärzte e. V.', 'sales', 'o'.repeat(250)];
    expect(asset('s3://lake/orders', { owners }).owners).toEqual(['sales', 'Ärzte e. V.', 'o'.repeat(250)]);
  });

  it.each([[['']], [[' ']], [['a\nb']], [['o'.repeat(251)]], [[1]], ['sales']])(
    'refuses owners %j',
    (owners) => {
      expect(() => asset('s3://lake/orders', { owners: owners as string[] })).toThrow(
        expect.objectContaining({ code: 'invalid_definition' }),
      );
    },
  );

  it('is told from anything else', () => {
    expect([asset('s3://a/b'), { name: 'a', uri: 'b' }, null, 'a'].map(isAsset)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});
