import { parseDuration } from '../../core/duration.ts';

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['2 milliseconds', 2],
    ['10s', 10_000],
    ['5 secs', 5_000],
    ['3mins', 180_000],
    ['1.5 h', 5_400_000],
    ['15 minutes', 900_000],
    ['2 weeks', 1_209_600_000],
    [250, 250],
  ])('reads %p', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each(['', '10', 's', '10 parsecs', '-1s', '0s', '101 years', 0, -5, Number.NaN, 'constructor'])(
    'refuses %p',
    (written) => {
      expect(() => parseDuration(written)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
    },
  );
});
