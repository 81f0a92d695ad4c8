import { maxConditionDepth, maxLeaves } from '../../core/condition.ts';
import { all, any, asset } from '../../sdk/index.ts';
import { type ConditionInput, toCondition } from '../../sdk/condition.ts';

const [a, b, c] = [asset('s3://lake/a'), asset('s3://lake/b'), asset('s3://lake/c')];
const leaf = (of: typeof a) => ({ kind: 'asset', asset: of });

describe('a condition', () => {
  it('nests all and any', () => {
    expect(all(a, any(b, c))).toEqual({
      kind: 'all',
      of: [leaf(a), { kind: 'any', of: [leaf(b), leaf(c)] }],
    });
  });

  it('reads an array as all, also inside', () => {
    expect(toCondition([a, b])).toEqual(all(a, b));
    expect(any(a, [b, c])).toEqual(any(a, all(b, c)));
  });

  it('may be one asset', () => {
    expect(toCondition(a)).toEqual(leaf(a));
  });

  it('refuses to wait for nothing', () => {
    expect(() => all()).toThrow(/all\(\) has no assets/);
    expect(() => toCondition([])).toThrow(/has no assets/);
  });

  it('refuses what is no asset, as plain JavaScript may hold', () => {
    const written: readonly ConditionInput[] = JSON.parse('["s3://lake/a"]');
    expect(() => toCondition(written)).toThrow(/holds the text 's3:\/\/lake\/a' instead of an asset/);
  });

  it('refuses more nesting than allowed, however it is written', () => {
    let nested: ConditionInput = a;
    const nest = (): void => {
      for (let depth = 0; depth <= maxConditionDepth; depth += 1) nested = all(nested);
    };
    expect(nest).toThrow(/levels deep/);
    let arrays: ConditionInput = a;
    for (let depth = 0; depth < 20_000; depth += 1) arrays = [arrays];
    expect(() => toCondition(arrays)).toThrow(/levels deep/);
  });

  it('refuses more assets than allowed', () => {
    expect(() => toCondition(Array.from({ length: maxLeaves + 1 }, () => a))).toThrow(
      /has 2001 assets, 2000 are allowed/,
    );
  });
});
