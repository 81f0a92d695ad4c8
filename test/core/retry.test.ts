import { retryDelayMs } from '../../core/retry.ts';

const retries = { max: 9, initialMs: 1_000, factor: 2, longestMs: 5_000 };

describe('the pause before a retry', () => {
  it.each([
    [0, 1_000],
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 5_000],
    [5_000, 5_000],
  ])('grows to its limit: after %i failures %i ms', (failures, ms) => {
    expect(retryDelayMs(retries, failures, 0.9)).toBe(ms);
  });

  it('stays the same with factor 1', () => {
    expect(retryDelayMs({ ...retries, factor: 1 }, 7, 0)).toBe(1_000);
  });

  it('grows by the first one where it is linear', () => {
    const pauses = [1, 2, 3, 9].map((failures) => retryDelayMs({ ...retries, isLinear: true }, failures, 0));
    expect(pauses).toEqual([1_000, 2_000, 3_000, 5_000]);
  });

  it('is shortened by chance, by a part of it at most', () => {
    const pauses = [0, 0.5, 1].map((chance) => retryDelayMs({ ...retries, jitter: 0.5 }, 2, chance));
    expect(pauses).toEqual([2_000, 1_500, 1_000]);
  });
});
