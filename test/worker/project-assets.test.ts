import { type AnyAsset, asset } from '../../sdk/index.ts';
import { mergeAssets, type ProjectAssets } from '../../worker/project-assets.ts';

/** One declaration a file: the first in `file-1.ts`. */
const inFiles = (...assets: readonly AnyAsset[]): ProjectAssets =>
  mergeAssets(assets.map((each, at) => ({ asset: each, file: `file-${at + 1}.ts` })));
const inOneFile = (...assets: readonly AnyAsset[]): ProjectAssets =>
  mergeAssets(assets.map((each) => ({ asset: each, file: 'file.ts' })));

describe('two assets of a project', () => {
  it.each([
    [
      'the same name and another URI',
      [asset({ name: 'orders', uri: 's3://one' }), asset({ name: 'orders', uri: 's3://two' })],
      "asset 'orders' has two URIs, s3://one/ and s3://two/",
    ],
    [
      'the same URI and another name',
      [asset({ name: 'one', uri: 's3://same' }), asset({ name: 'two', uri: 's3://same' })],
      "asset s3://same/ has two names, 'one' and 'two'",
    ],
    [
      'a URI that only normalising makes the same, and so another name',
      [asset('s3://lake/orders'), asset('S3://lake/orders/')],
      "asset s3://lake/orders has two names, 's3://lake/orders' and 'S3://lake/orders/'",
    ],
    [
      'a name that is the URI of the other',
      [asset({ name: 'orders', uri: 's3://lake/orders' }), asset('s3://lake/orders')],
      "asset s3://lake/orders has two names, 'orders' and 's3://lake/orders'",
    ],
  ] as const)('clash with %s, in two files and in one', (_, assets, reason) => {
    const message = `${reason}, at ${assets[0].place} and at ${assets[1].place}`;
    expect(assets[0].place).toMatch(/project-assets\.test\.ts:\d+$/);
    expect(inFiles(...assets)).toMatchObject({
      plans: [],
      clashes: [{ files: ['file-1.ts', 'file-2.ts'], message }],
    });
    expect(inOneFile(...assets)).toMatchObject({ plans: [], clashes: [{ message }] });
  });

  it('are all refused where a third one shares a half with each', () => {
    const pairs = [
      { name: 'a', uri: 's3://a' },
      { name: 'b', uri: 's3://b' },
      { name: 'a', uri: 's3://b' },
    ];
    const { plans, clashes } = inFiles(...pairs.map((pair) => asset(pair)));
    expect(plans).toEqual([]);
    expect(clashes.map(({ files }) => files)).toEqual([
      ['file-1.ts', 'file-3.ts'],
      ['file-2.ts', 'file-3.ts'],
    ]);
  });
});

describe('an asset', () => {
  const full = { group: 'g', description: 'd', owners: ['ann'], extra: { a: 1 } };

  it.each(Object.entries(full))(
    'is itself whatever its %s, which two files must not tell differently',
    (key, value) => {
      const [bare, one] = [asset('s3://b/k'), asset('s3://b/k', { [key]: value })];
      for (const merged of [inFiles(bare, one), inFiles(one, bare), inOneFile(one, bare)]) {
        expect(merged.clashes).toEqual([]);
        expect(merged.plans).toMatchObject([{ [key]: value }]);
      }
      const other = asset('s3://b/k', { ...full, group: 'other' });
      expect(inFiles(one, other).clashes).toMatchObject([
        { message: expect.stringContaining('in two ways') },
      ]);
    },
  );
});
