import * as fc from 'fast-check';
import { aboutToStart, judgeRequest, parseQueueLimit, type QueueLimit } from '../../core/queue-limit.ts';

const anyLimit = (): fc.Arbitrary<QueueLimit> =>
  fc.record({
    max: fc.integer({ min: 1, max: 8 }),
    policy: fc.constantFrom('reject' as const, 'drop_oldest' as const, 'fold' as const),
  });
/** Requests, slots that are given, and runs that end, in any order. */
const anyStory = () =>
  fc.array(fc.constantFrom('request' as const, 'admit' as const, 'end' as const), { maxLength: 80 });
const idle = { waiting: 0, blocked: 0, active: 0, maxActiveRuns: 1, isPaused: false };

describe('a queue of requested runs', () => {
  it('never has more beyond the free slots than its limit, keeps its order, and drops nobody who is about to start', () => {
    fc.assert(
      fc.property(
        anyLimit(),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        anyStory(),
        (limit, most, isPaused, story) => {
          let waiting: number[] = [];
          let [active, asked, begun, dropped] = [0, 0, 0, 0];
          const fullAt: number[] = [];
          for (const one of story) {
            const now = { waiting: waiting.length, blocked: 0, active, maxActiveRuns: most, isPaused };
            const starting = aboutToStart(now);
            if (one === 'end') active = Math.max(0, active - 1);
            else if (one === 'admit') {
              waiting = waiting.slice(starting);
              active += starting;
              begun += starting;
            } else {
              asked += 1;
              const verdict = judgeRequest(limit, now);
              const first = waiting.slice(0, starting);
              // Where it is full, the newest that waits is none that is about to start.
              if (verdict.kind === 'reject' || verdict.kind === 'fold')
                fullAt.push(waiting.length - starting);
              else {
                const gone = verdict.kind === 'drop' ? verdict.dropped : 0;
                dropped += gone;
                waiting = [...first, ...waiting.slice(starting + gone), asked];
              }
            }
            const after = { waiting: waiting.length, blocked: 0, active, maxActiveRuns: most, isPaused };
            expect(waiting.length - aboutToStart(after)).toBeLessThanOrEqual(limit.max);
            expect(waiting).toEqual(waiting.toSorted((a, b) => a - b));
          }
          expect(asked).toBe(begun + waiting.length + dropped + fullAt.length);
          expect(fullAt.filter((size) => size !== limit.max)).toEqual([]);
        },
      ),
    );
  });

  it('has no end without a limit', () => {
    expect(judgeRequest(undefined, { ...idle, waiting: 1_000_000 })).toEqual({ kind: 'take' });
  });

  it('is not full while slots are free, however fast runs are asked for', () => {
    const limit = { max: 1, policy: 'reject' } as const;
    expect(judgeRequest(limit, { ...idle, waiting: 4, maxActiveRuns: 5 })).toEqual({ kind: 'take' });
    expect(judgeRequest(limit, { ...idle, waiting: 5, maxActiveRuns: 5 })).toEqual({ kind: 'take' });
    expect(judgeRequest(limit, { ...idle, waiting: 6, maxActiveRuns: 5 })).toEqual({ kind: 'reject' });
    expect(judgeRequest(limit, { ...idle, waiting: 1, isPaused: true })).toEqual({ kind: 'reject' });
  });

  it('is not emptied by slots that runs cannot take which wait for another one', () => {
    const limit = { max: 1, policy: 'reject' } as const;
    const now = { ...idle, waiting: 1, blocked: 1, active: 1, maxActiveRuns: 5 };
    expect(judgeRequest(limit, now)).toEqual({ kind: 'take' });
    expect(judgeRequest(limit, now, { waitsForRun: true })).toEqual({ kind: 'reject' });
  });

  it('comes back to a limit that was lowered with the next request', () => {
    const now = { ...idle, waiting: 7, active: 1 };
    expect(judgeRequest({ max: 2, policy: 'drop_oldest' }, now)).toEqual({ kind: 'drop', dropped: 6 });
    expect(judgeRequest({ max: 2, policy: 'reject' }, now)).toEqual({ kind: 'reject' });
    expect(judgeRequest({ max: 2, policy: 'fold' }, now)).toEqual({ kind: 'fold' });
  });
});

describe('maxQueuedRuns', () => {
  it('rejects where it is a number alone', () => {
    expect(parseQueueLimit(3)).toEqual({ max: 3, policy: 'reject' });
    expect(parseQueueLimit({ max: 3, policy: 'drop_oldest' })).toEqual({ max: 3, policy: 'drop_oldest' });
    expect(parseQueueLimit(undefined)).toBeUndefined();
  });

  it.each([0, 1.5, '3', null, [], {}, { max: 0 }, { max: 3, policy: 'folds' }, { max: 3, of: 1 }, 100_001])(
    'is refused as %j',
    (value) => {
      expect(() => parseQueueLimit(value)).toThrow(
        /^maxQueuedRuns .+ is not valid: use a whole number from 1/,
      );
    },
  );
});
