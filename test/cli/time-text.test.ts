import { distanceText, durationText } from '../../cli/time-text.ts';

describe('distanceText', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [1_000, '1s ago'],
    [59_999, '59s ago'],
    [60_000, '1m ago'],
    [7_199_999, '1h ago'],
    [3 * 86_400_000, '3d ago'],
    [-90_000, 'in 1m'],
  ])('reads %d ms as %s', (ms, text) => {
    expect(distanceText(1_000_000_000 - ms, 1_000_000_000)).toBe(text);
  });
});

describe('durationText', () => {
  it.each([
    [0, '0ms'],
    [0.0125, '13ms'],
    [1.25, '1.3s'],
    [60, '1m00s'],
    [3_725, '1h02m'],
  ])('reads %d s as %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});
