import { parseCatchup, timesToMakeUp } from '../../core/catch-up.ts';

describe('times that passed without a run', () => {
  it.each([
    ['the last', 'latest', [1, 2, 3], [], [3]],
    ['none where the last has its run', 'latest', [1, 2, 3], [3], []],
    ['so many of the last that have none', 2, [1, 2, 3, 4], [3], [2, 4]],
    ['all, where they are fewer', 5, [1, 2], [], [1, 2]],
    ['none where there are none', 'latest', [], [], []],
  ] as const)('are made up for: %s', (_, catchup, times, known, missed) => {
    expect(timesToMakeUp(catchup, times, new Set(known))).toEqual(missed);
  });
});

describe('the option catchup', () => {
  it('is none unless it says so', () => {
    expect([undefined, 'none', 'latest', { max: 1_000 }].map((value) => parseCatchup(value))).toEqual([
      undefined,
      undefined,
      'latest',
      1_000,
    ]);
  });

  it.each([true, 'all', 3, { max: 0 }, { max: 1_001 }, { max: 1, min: 1 }, null])('is not %j', (value) => {
    expect(() => parseCatchup(value)).toThrow(
      `catchup ${JSON.stringify(value)} is not valid: use 'none', 'latest', or {max: n} with a whole number from 1 to 1000`,
    );
  });
});
