import { judgeFailure } from '../../../activities/failed-try.ts';
import { NonRetryable, RetryAfter, TaskSkipped, TidegateError } from '../../../sdk/index.ts';
import { isTaskSkipped } from '../../../sdk/task-skipped.ts';
import { fromWire, toWire } from '../../../worker/isolated/wire-errors.ts';

class WrongColumn extends TypeError {
  override readonly name = 'Renamed';
}
const retries = { max: 3, initialMs: 1, factor: 1, longestMs: 1 };
const crossed = (error: unknown): Error => fromWire(structuredClone(toWire(error)));

describe('an error that crossed', () => {
  it('says the same, from the same place', () => {
    const error = new WrongColumn('no such column');
    expect(crossed(error)).toMatchObject({ name: 'Renamed', message: 'no such column', stack: error.stack });
    expect(crossed('thrown as it is')).toMatchObject({ message: 'thrown as it is' });
  });

  it.each(['Renamed', 'WrongColumn', 'TypeError'])('is told by the name %s', (name) => {
    const judged = (nonRetryable: readonly string[]) =>
      judgeFailure(crossed(new WrongColumn('x')), { ...retries, nonRetryable }, 1).isFinal;
    expect(judged([name])).toBe(true);
    expect(judged(['RangeError'])).toBe(false);
  });

  it('decides what becomes of the try', () => {
    expect(judgeFailure(crossed(new NonRetryable('no')), retries, 1).isFinal).toBe(true);
    expect(judgeFailure(crossed(new RetryAfter('7s')), retries, 1)).toEqual({
      isFinal: false,
      pauseMs: 7_000,
    });
    expect(isTaskSkipped(crossed(new TaskSkipped('not today')))).toBe(true);
    expect(crossed(new TidegateError('unknown_asset', 'none'))).toMatchObject({ code: 'unknown_asset' });
  });
});
