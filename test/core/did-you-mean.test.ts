import * as fc from 'fast-check';
import { didYouMean, editDistance } from '../../core/did-you-mean.ts';

describe('did you mean', () => {
  it('names the nearest known word', () => {
    expect(didYouMean('extrat', ['load', 'extract'])).toBe("did you mean 'extract'?");
  });

  it('names all of a few when none is near', () => {
    expect(didYouMean('transform', ['a', 'b'])).toBe("known are 'a', 'b'");
  });

  it('counts many, and says when there are none', () => {
    expect(
      didYouMean(
        'transform',
        Array.from({ length: 11 }, (_, index) => String(index)),
      ),
    ).toBe('there are 11 others');
    expect(didYouMean('a', [])).toBe('there are none');
  });
});

describe('the edit distance', () => {
  const anyWord = fc.string({ maxLength: 12 });
  it('is 0 for the same word only, the same both ways, and never longer than a way round', () => {
    fc.assert(
      fc.property(anyWord, anyWord, anyWord, (one, two, three) => {
        expect(editDistance(one, two) === 0).toBe(one === two);
        expect(editDistance(one, two)).toBe(editDistance(two, one));
        expect(editDistance(one, three)).toBeLessThanOrEqual(
          editDistance(one, two) + editDistance(two, three),
        );
      }),
    );
  });
});
