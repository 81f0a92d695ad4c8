import { maxConditionDepth, maxLeaves } from '../../core/condition.ts';
import { all, any, asset, atLeast, on } from '../../sdk/index.ts';
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

  it('may wait for some of several, and for several updates of one', () => {
    expect(atLeast(2, a, on(b, { count: 3 }), [b, c])).toEqual({
      kind: 'atLeast',
      count: 2,
      of: [leaf(a), { ...leaf(b), count: 3 }, all(b, c)],
    });
    expect(on(a)).toEqual(leaf(a));
  });

  it.each([0, 3, 1.5, Number.NaN])('refuses at least %d of two', (count) => {
    expect(() => atLeast(count, a, b)).toThrow(/of 2 parts can never be met or always is/);
  });

  it.each([0, -1, 2.5, 1_000_001, Number.NaN])('refuses %d updates', (count) => {
    expect(() => on(a, { count })).toThrow(/is not valid: use a whole number from 1 to 1000000/);
  });

  it('may be chained, where the left side grows while the kind stays', () => {
    expect(a.and(b).and(c)).toEqual(all(a, b, c));
    expect(a.or(b).or(c)).toEqual(any(a, b, c));
    expect(a.and(b).or(c)).toEqual(any(all(a, b), c));
    expect(a.and(b.or(c))).toEqual(all(a, any(b, c)));
    // Only the left side: as in Airflow, the right one stays as it is.
    expect(all(a, b).and(all(b, c))).toEqual(all(a, b, all(b, c)));
    expect(on(a, { count: 2 }).and([b, c])).toEqual(all(on(a, { count: 2 }), all(b, c)));
    expect(atLeast(1, a, b).and(c)).toEqual(all(atLeast(1, a, b), c));
  });

  it('is the same however it was written, once it is stored', () => {
    expect(JSON.stringify(a.and(b))).toBe(JSON.stringify(all(a, b)));
  });

  it('may have nothing to wait for', () => {
    expect(all()).toEqual({ kind: 'all', of: [] });
    expect(toCondition([])).toEqual(all());
    expect(any()).toEqual({ kind: 'any', of: [] });
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
