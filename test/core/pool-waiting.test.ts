import { type PoolWait, whyWaiting } from '../../core/pool-waiting.ts';

const wait: PoolWait = {
  pool: { name: 'warehouse', slots: 4, slotsPerKey: 2 },
  ...{ key: 'acme', held: 4, heldByKey: 1, before: 3, nextAt: null },
};

describe('why a request waits', () => {
  it('is what is held of the pool, or of its key, or when the rate allows the next start', () => {
    expect(whyWaiting(wait)).toBe('waits for a slot of pool warehouse: 4 of 4 held, 3 before it');
    expect(whyWaiting({ ...wait, heldByKey: 2 })).toBe(
      'waits for a slot of pool warehouse: 2 of 2 held for key acme, 3 before it',
    );
    const pool = { ...wait.pool, rate: { starts: 10, perMs: 60_000 } };
    expect(whyWaiting({ ...wait, pool, nextAt: 0 })).toBe(
      'waits for a start of pool warehouse: 10 in 60 s, the next at 1970-01-01T00:00:00.000Z, 3 before it',
    );
  });

  it('counts only so many before it', () => {
    expect(whyWaiting({ ...wait, before: 1_000 })).toMatch(/, 1000 or more before it$/);
  });
});
