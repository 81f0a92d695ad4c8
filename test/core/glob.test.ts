import * as fc from 'fast-check';
import { isLike } from '../../core/glob.ts';

describe('a pattern', () => {
  it.each([
    ['sales_*', ['sales_', 'sales_eu'], ['sales', 'my_sales_eu', 'Sales_eu']],
    ['*', ['', 'anything'], []],
    ['s3://*/orders', ['s3://lake/orders', 's3://a/b/orders'], ['s3://lake/orders/1']],
    ['day_?', ['day_1'], ['day_', 'day_10']],
    ['a.b+c(d)[e]', ['a.b+c(d)[e]'], ['aXb+c(d)[e]', 'abbc(d)e']],
    ['', [''], ['a']],
    ['**a**', ['a', 'bab'], ['b']],
  ])('%j is like some texts and not like others', (pattern, like, unlike) => {
    expect(like.filter((text) => !isLike(text, pattern))).toEqual([]);
    expect(unlike.filter((text) => isLike(text, pattern))).toEqual([]);
  });

  it('takes no time to speak of, whatever it is', () => {
    expect(isLike(`${'a'.repeat(1_500)}b`, `${'a*'.repeat(750)}c`)).toBe(false);
  });

  it('agrees with a naive one', () => {
    const naive = (text: string, pattern: string): boolean => {
      if (pattern === '') return text === '';
      if (pattern.startsWith('*')) {
        return naive(text, pattern.slice(1)) || (text !== '' && naive(text.slice(1), pattern));
      }
      return (
        text !== '' &&
        (pattern[0] === '?' || pattern[0] === text[0]) &&
        naive(text.slice(1), pattern.slice(1))
      );
    };
    const anyText = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const anyPattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
    fc.assert(
      fc.property(anyText, anyPattern, (text, pattern) => {
        expect(isLike(text, pattern)).toBe(naive(text, pattern));
      }),
    );
  });
});
