import { parseTaskPriority } from '../../core/task-priority.ts';

describe('the priority of a task', () => {
  it('is a level, a key to take turns by, both or nothing', () => {
    expect(parseTaskPriority(undefined, undefined)).toBeUndefined();
    expect(parseTaskPriority(1, undefined)).toEqual({ level: 1 });
    expect(parseTaskPriority(undefined, 'sales')).toEqual({ fairnessKey: 'sales' });
    const both = { level: 5, fairnessKey: 'sales', fairnessWeight: 2.5 };
    expect(parseTaskPriority(5, { key: 'sales', weight: 2.5 })).toEqual(both);
  });

  it.each([0, 6, 1.5, '1', null])('is refused with level %j', (level) => {
    expect(() => parseTaskPriority(level, undefined)).toThrow(
      /^priority .+ use a whole number from 1, which goes first, to 5/,
    );
  });

  it.each([
    '',
    ' ',
    'é'.repeat(33),
    7,
    null,
    {},
    { key: 'a', weight: 0 },
    { key: 'a', weight: 1_001 },
    { key: 'a', of: 1 },
  ])('is refused with fairness %j', (fairness) => {
    expect(() => parseTaskPriority(undefined, fairness)).toThrow(
      /^fairness .+ is not valid: use a key of 1 to 64 bytes/,
    );
  });
});
