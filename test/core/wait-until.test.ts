import * as fc from 'fast-check';
import { parseTaskId } from '../../core/ids.ts';
import { untilOf } from '../../core/wait-until.ts';

const task = parseTaskId('when');

describe('what a task waits until', () => {
  it('is the instant that another one returned', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(untilOf(task, date.toISOString())).toEqual({ kind: 'instant', at: date.getTime() });
      }),
    );
  });

  it('is nothing else, and a long answer is shown in short', () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.integer(), fc.constant(null)), (value) => {
        const until = untilOf(task, value as never);
        expect(until).toMatchObject({
          kind: 'problem',
          problem: expect.stringMatching(/^task when returned/),
        });
        expect(JSON.stringify(until).length).toBeLessThan(400);
      }),
    );
    expect(untilOf(task, undefined)).toMatchObject({ problem: expect.stringContaining('returned nothing') });
  });
});
