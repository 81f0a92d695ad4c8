import * as fc from 'fast-check';
import { parseTaskId, type TaskId } from '../../core/ids.ts';
import { outcomeOf, owedTeardowns, step, type TaskPlan } from '../../core/run-plan.ts';
import { endOfInstances, skippedBy } from '../../core/task-shape.ts';
import { parseTolerated } from '../../core/tolerated-failures.ts';
import { aTaskPlan } from '../support/plans.ts';

const id = parseTaskId;
const needing = (name: string, ...needs: readonly string[]): TaskPlan =>
  aTaskPlan(name, { needs: needs.map((need) => id(need)) });

/** choose → left, right → deep (of right), join (of left and deep). */
const tasks = [
  aTaskPlan('choose'),
  needing('left', 'choose'),
  needing('right', 'choose'),
  needing('deep', 'right'),
  needing('join', 'choose', 'left', 'deep'),
];
const follow = (...names: readonly string[]) =>
  Object.keys(skippedBy({ tasks }, id('choose'), { kind: 'follow', tasks: names.map((name) => id(name)) }));

describe('a branch', () => {
  it('skips what is right behind it and not named', () => {
    expect(follow('right', 'join')).toEqual(['left']);
    expect(follow()).toEqual(['left', 'right', 'join']);
  });

  it('keeps what the named lead to', () => {
    expect(follow('left')).toEqual(['right']);
    expect(follow('right')).toEqual(['left']);
  });
});

describe('a stop', () => {
  const withTeardown = [
    ...tasks,
    aTaskPlan('down', { needs: [id('choose'), id('join')], teardownOf: [id('choose')] }),
  ];

  it('skips all that is behind it but tear-downs, or only what is next', () => {
    const stop = (skips: 'all' | 'next') =>
      Object.keys(skippedBy({ tasks: withTeardown }, id('right'), { kind: 'stop', skips }));
    expect(stop('all')).toEqual(['deep', 'join']);
    expect(stop('next')).toEqual(['deep']);
  });
});

describe('any choice', () => {
  it('only ever skips tasks that are behind it', () => {
    const plan = fc.array(fc.array(fc.nat()), { minLength: 1, maxLength: 12 }).map((all) =>
      all.map((needs, index) =>
        aTaskPlan(`t${index}`, {
          needs: index === 0 ? [] : [...new Set(needs.map((need) => id(`t${need % index}`)))],
        }),
      ),
    );
    fc.assert(
      fc.property(plan, fc.nat(), fc.constantFrom('all', 'next', 'follow'), (all, nth, kind) => {
        const own = all[nth % all.length]?.id ?? id('t0');
        const isBehind = (one: TaskId): boolean => {
          const needs = all.find((task) => task.id === one)?.needs ?? [];
          return needs.some((need) => need === own || isBehind(need));
        };
        const choice = kind === 'follow' ? { kind, tasks: [] } : { kind: 'stop' as const, skips: kind };
        const skipped = Object.keys(skippedBy({ tasks: all }, own, choice)).map((one) => id(one));
        const expected = all.filter((task) =>
          kind === 'all' ? isBehind(task.id) : task.needs.includes(own),
        );
        expect(skipped).toEqual(expected.map((task) => task.id));
      }),
    );
  });
});

describe('a tear-down', () => {
  const plan = {
    tasks: [
      aTaskPlan('up'),
      needing('work', 'up'),
      aTaskPlan('down', { needs: [id('up'), id('work')], teardownOf: [id('up')] }),
    ],
  };
  const [up, work, down] = [id('up'), id('work'), id('down')];

  it('waits for what it needs, however that ends', () => {
    expect(step(plan, { [up]: 'success' }).ready).toEqual([work]);
    for (const end of ['success', 'failed', 'skipped', 'upstream_failed'] as const)
      expect(step(plan, { [up]: 'success', [work]: end }).ready).toEqual([down]);
  });

  it.each([
    ['failed', 'upstream_failed'],
    ['skipped', 'skipped'],
  ] as const)('does not run where the set-up %s', (end, expected) => {
    const { ready, settled } = step(plan, { [up]: end });
    expect(ready).toEqual([]);
    expect(settled[down]).toBe(expected);
  });

  it('does not count for the run, and what it waits for does', () => {
    expect(outcomeOf(plan, { [up]: 'success', [work]: 'success', [down]: 'failed' })).toBe('success');
    expect(outcomeOf(plan, { [up]: 'success', [work]: 'failed', [down]: 'success' })).toBe('failed');
  });

  it('is owed once what it tears down was set up', () => {
    expect(owedTeardowns(plan, {})).toEqual([]);
    expect(owedTeardowns(plan, { [up]: 'failed' })).toEqual([]);
    expect(owedTeardowns(plan, { [up]: 'success' })).toMatchObject([{ id: down }]);
    expect(owedTeardowns(plan, { [up]: 'success', [down]: 'success' })).toEqual([]);
  });
});

describe('a mapped task', () => {
  it.each([
    [{ success: 2, failed: 1, skipped: 1 }, 'failed'],
    [{ success: 1, failed: 0, skipped: 2 }, 'success'],
    [{ success: 0, failed: 0, skipped: 2 }, 'skipped'],
    [{ success: 0, failed: 0, skipped: 0 }, 'skipped'],
  ] as const)('of %j ends as %s', (ended, end) => expect(endOfInstances(ended, undefined)).toBe(end));

  const ended = (success: number, failed: number, skipped = 0) => ({ success, failed, skipped });
  it.each([
    [{ count: 2 }, ended(1, 2), 'success'],
    [{ count: 2 }, ended(8, 3), 'failed'],
    [{ count: 2 }, ended(0, 2), 'failed'],
    [{ count: 2 }, ended(0, 0, 2), 'skipped'],
    [{ percent: 29 }, ended(70, 29, 1), 'success'],
    [{ percent: 29 }, ended(70, 30), 'failed'],
    [{ percent: 10 }, ended(8, 1), 'failed'],
    [{ percent: 5.6 }, ended(1_298, 77), 'success'],
    [{ percent: 5.6 }, ended(1_297, 78), 'failed'],
    [{ percent: 100 }, ended(0, 3), 'failed'],
  ] as const)('that tolerates %j ends of %j as %s', (tolerated, ends, end) =>
    expect(endOfInstances(ends, { kind: 'mapped', over: parseTaskId('list'), tolerated })).toBe(end),
  );

  it.each([
    [0, { count: 0 }],
    [10_000, { count: 10_000 }],
    ['5%', { percent: 5 }],
    ['0.5%', { percent: 0.5 }],
  ])('may be told to tolerate %j failures', (text, tolerated) =>
    expect(parseTolerated(text)).toEqual(tolerated),
  );

  it.each([-1, 1.5, 10_001, '5', '101%', '-1%', '%', null, {}])('refuses to tolerate %j failures', (value) =>
    expect(() => parseTolerated(value)).toThrow(
      `toleratedFailures ${JSON.stringify(value)} is not valid: use a whole number from 0 to 10000, or a share such as '5%'`,
    ),
  );
});
