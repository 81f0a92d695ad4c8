import { compileRetention } from '../../sdk/compile-retention.ts';

describe('retention', () => {
  it('names ages of some kinds, in any spelling of a duration', () => {
    const plan = compileRetention({ runs: '90 days', logs: '2w', steps: 3_600_000 });
    expect(plan).toEqual({ runsMs: 7_776_000_000, logsMs: 1_209_600_000, stepsMs: 3_600_000 });
  });

  it.each([
    [{ run: '1 day' }, "retention has no 'run': did you mean 'runs'?"],
    [{ logs: '59 minutes' }, "retention of logs is '59 minutes': use at least an hour"],
    [{ events: 'long' }, 'duration "long" is not valid'],
    [{ runs: 0 }, 'duration 0 is not valid'],
  ])('is refused as %j', (options, message) => {
    expect(() => compileRetention(options as object)).toThrow(message);
  });
});
