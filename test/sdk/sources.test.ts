import { alias, all, any, asset, assetRef, atLeast, on, select, simulate } from '../../sdk/index.ts';

describe('what a condition may be about', () => {
  it.each([
    ['an alias without a name', () => alias(' ')],
    ['an alias with a long name', () => alias('x'.repeat(1_501))],
    ['an alias with a NUL character', () => alias('a\u0000b')],
    ['an alias that is no text', () => alias(7 as never)],
    ['a reference by name and URI', () => assetRef({ name: 'a', uri: 's3://a' } as never)],
    ['a reference by nothing', () => assetRef({} as never)],
    ['a reference that is a text', () => assetRef('orders' as never)],
    ['a blank group', () => select.group('')],
    ['a tag that is no text', () => select.tag(undefined as never)],
    ['a selector that is to be played', () => simulate(any(select.tag('x')), [])],
    ['a selector of too many', () => atLeast(2_001, select.tag('x'))],
  ])('is not %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });

  it('is not a reference by what is no URI', () => {
    expect(() => assetRef({ uri: 's3://a b' })).toThrow(expect.objectContaining({ code: 'invalid_uri' }));
  });

  it('is known by the place where it was written', () => {
    for (const { place } of [alias('a'), assetRef({ name: 'a' })]) {
      expect(place).toMatch(/sources\.test\.ts:\d+$/);
    }
  });

  it('is joined with others, alone or in number', () => {
    const [files, orders, tagged] = [alias('files'), assetRef({ name: 'orders' }), select.tag('x')];
    expect(files.and(orders).or(tagged)).toEqual(any(all(files, orders), tagged));
    expect(on(tagged, { count: 2 })).toMatchObject({ kind: 'asset', asset: tagged, count: 2 });
    expect(atLeast(7, tagged)).toMatchObject({ count: 7 });
  });

  it('is played by its name', () => {
    const [files, orders, daily] = [alias('files'), assetRef({ name: 'orders' }), asset('s3://x/{{ ds }}')];
    const { runs } = simulate(all(files, orders, daily), [
      { event: 'a', via: ['files'] },
      { event: 'orders' },
      { event: 's3://x/2026-01-01', via: [daily.name] },
    ]);
    expect(runs.map(({ events }) => events)).toEqual([['a#1', 'orders#1', 's3://x/2026-01-01#1']]);
  });
});
