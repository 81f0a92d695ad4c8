import { matchedLines } from './shown-output.ts';

const shown = [
  'run first: running',
  'RUN       STATE    QUEUED                         DURATION',
  'asset__4  success  2026-11-21 17:58:54Z (11s ago)  131ms',
];

describe('an output, as a page shows it', () => {
  it('may differ in times, durations, numbers of runs, and widths', () => {
    const output = [
      'RUN          STATE    QUEUED                      DURATION',
      'asset__1234  success  2027-01-01 00:00:01Z (now)  2m01s',
    ];
    expect(matchedLines(shown, output)?.[1]).toEqual([shown[2], output[1]]);
  });

  it.each([
    ['a state', ['RUN  STATE  QUEUED  DURATION', 'asset__4  failed  2026-11-21 17:58:54Z (now)  1s']],
    ['a line less', ['RUN  STATE  QUEUED  DURATION']],
    ['a line more', [...shown.slice(1), 'asset__5  success  2026-11-21 17:58:54Z (now)  1s']],
  ])('may not differ in %s', (_what, output) => {
    expect(matchedLines(shown, output)).toBeUndefined();
  });

  it('may leave lines out where it says so', () => {
    expect(matchedLines(['…', 'b', '…'], ['a', 'b', 'c', 'd'])).toEqual([['b', 'b']]);
    expect(matchedLines(['…', 'b'], ['a', 'b', 'c'])).toBeUndefined();
  });
});
