import * as fc from 'fast-check';
import type { TaskId } from '../../core/ids.ts';
import { parseTaskId } from '../../core/ids.ts';
import {
  endOf,
  outcomeOf,
  type RunPlan,
  step,
  type TaskEnd,
  type TaskEnds,
  type TaskPlan,
  updatedBy,
} from '../../core/run-plan.ts';
import { type TriggerRule, triggerRules } from '../../core/trigger-rule.ts';
import { throughJson } from '../support/core.ts';
import { anAsset, aTaskPlan } from '../support/plans.ts';

const [a, b, c] = [parseTaskId('a'), parseTaskId('b'), parseTaskId('c')];
const ends: readonly TaskEnd[] = ['success', 'failed', 'skipped', 'upstream_failed'];

/** `c` needs `a` and `b`, which ended so far; what becomes of it. */
function verdict(triggerRule: TriggerRule, first: TaskEnd | null, second: TaskEnd | null) {
  const plan = { tasks: [aTaskPlan('a'), aTaskPlan('b'), aTaskPlan('c', { needs: [a, b], triggerRule })] };
  const ended = { ...(first && { [a]: first }), ...(second && { [b]: second }) };
  const { ready, settled } = step(plan, ended);
  return settled[c] ?? (ready.includes(c) ? 'starts' : 'waits');
}

describe('a trigger rule', () => {
  it.each<[TriggerRule, TaskEnd | null, TaskEnd | null, TaskEnd | 'starts' | 'waits']>([
    ['all_success', null, null, 'waits'],
    ['all_success', 'success', null, 'waits'],
    ['all_success', 'success', 'success', 'starts'],
    ['all_success', 'failed', null, 'upstream_failed'],
    ['all_success', 'success', 'failed', 'upstream_failed'],
    ['all_success', 'success', 'upstream_failed', 'upstream_failed'],
    ['all_success', 'skipped', null, 'skipped'],
    ['all_success', 'success', 'skipped', 'skipped'],
    ['all_success', 'skipped', 'failed', 'upstream_failed'],
    ['all_done', 'success', null, 'waits'],
    ['all_done', 'failed', null, 'waits'],
    ['all_done', 'success', 'success', 'starts'],
    ['all_done', 'failed', 'skipped', 'starts'],
    ['all_done', 'upstream_failed', 'upstream_failed', 'starts'],
    ['one_failed', null, null, 'waits'],
    ['one_failed', 'success', null, 'waits'],
    ['one_failed', 'failed', null, 'starts'],
    ['one_failed', 'upstream_failed', null, 'starts'],
    ['one_failed', 'success', 'failed', 'starts'],
    ['one_failed', 'success', 'success', 'skipped'],
    ['one_failed', 'success', 'skipped', 'skipped'],
    ['one_success', null, null, 'waits'],
    ['one_success', 'failed', null, 'waits'],
    ['one_success', 'success', null, 'starts'],
    ['one_success', 'failed', 'success', 'starts'],
    ['one_success', 'failed', 'failed', 'upstream_failed'],
    ['one_success', 'failed', 'skipped', 'upstream_failed'],
    ['one_success', 'upstream_failed', 'upstream_failed', 'upstream_failed'],
    ['one_success', 'skipped', 'skipped', 'skipped'],
    ['all_failed', 'failed', null, 'waits'],
    ['all_failed', 'failed', 'upstream_failed', 'starts'],
    ['all_failed', 'success', null, 'skipped'],
    ['all_failed', 'failed', 'skipped', 'skipped'],
    ['all_done_min_one_success', 'success', null, 'waits'],
    ['all_done_min_one_success', 'success', 'failed', 'starts'],
    ['all_done_min_one_success', 'success', 'skipped', 'starts'],
    ['all_done_min_one_success', 'failed', null, 'waits'],
    ['all_done_min_one_success', 'failed', 'skipped', 'upstream_failed'],
    ['all_done_min_one_success', 'skipped', 'skipped', 'skipped'],
    ['all_skipped', 'skipped', null, 'waits'],
    ['all_skipped', 'skipped', 'skipped', 'starts'],
    ['all_skipped', 'success', null, 'skipped'],
    ['all_skipped', 'upstream_failed', 'skipped', 'skipped'],
    ['one_done', null, null, 'waits'],
    ['one_done', 'skipped', null, 'waits'],
    ['one_done', 'success', null, 'starts'],
    ['one_done', 'failed', null, 'starts'],
    ['one_done', 'skipped', 'skipped', 'skipped'],
    ['one_done', 'upstream_failed', null, 'waits'],
    ['one_done', 'upstream_failed', 'upstream_failed', 'skipped'],
    ['none_failed_min_one_success', 'success', null, 'waits'],
    ['none_failed_min_one_success', 'success', 'skipped', 'starts'],
    ['none_failed_min_one_success', 'skipped', 'skipped', 'skipped'],
    ['none_failed_min_one_success', 'failed', null, 'upstream_failed'],
    ['none_skipped', 'failed', null, 'waits'],
    ['none_skipped', 'failed', 'success', 'starts'],
    ['none_skipped', 'skipped', null, 'skipped'],
    ['always', null, null, 'starts'],
    ['always', 'failed', null, 'starts'],
    ['none_failed', 'success', null, 'waits'],
    ['none_failed', 'skipped', null, 'waits'],
    ['none_failed', 'success', 'skipped', 'starts'],
    ['none_failed', 'skipped', 'skipped', 'starts'],
    ['none_failed', 'failed', null, 'upstream_failed'],
    ['none_failed', 'success', 'upstream_failed', 'upstream_failed'],
  ])('%s of %s and %s: it %s', (rule, first, second, expected) => {
    expect(verdict(rule, first, second)).toBe(expected);
    expect(verdict(rule, second, first)).toBe(expected);
  });

  it.each(triggerRules)('%s lets a task start at once that needs nothing', (triggerRule) => {
    expect(step({ tasks: [aTaskPlan('a', { triggerRule })] }, {}).ready).toEqual([a]);
  });
});

describe('a step', () => {
  it('carries failures and skips down the whole plan at once', () => {
    const chain = { tasks: [aTaskPlan('a'), aTaskPlan('b', { needs: [a] }), aTaskPlan('c', { needs: [b] })] };
    expect(step(chain, { [a]: 'failed' }).settled).toEqual({ b: 'upstream_failed', c: 'upstream_failed' });
    expect(step(chain, { [a]: 'skipped' }).settled).toEqual({ b: 'skipped', c: 'skipped' });
  });

  it('stops a failure at a task that runs all the same', () => {
    const cleanUp = aTaskPlan('b', { needs: [a], triggerRule: 'all_done' });
    expect(step({ tasks: [aTaskPlan('a'), cleanUp] }, { [a]: 'failed' })).toEqual({
      ready: [b],
      settled: {},
    });
  });

  it('starts side by side what does not need each other', () => {
    expect(step({ tasks: [aTaskPlan('a'), aTaskPlan('b')] }, {}).ready).toEqual([a, b]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty'])('starts a task of any name: %s', (name) => {
    const id = parseTaskId(name);
    const plan = { tasks: [aTaskPlan(name), aTaskPlan('b', { needs: [id] })] };
    expect(step(plan, {}).ready).toEqual([id]);
    expect(step(plan, { [id]: 'success' }).ready).toEqual([b]);
    expect(outcomeOf({ tasks: [aTaskPlan(name)] }, {})).toBe('failed');
  });
});

describe('the outcome of a run', () => {
  const fork = { tasks: [aTaskPlan('a'), aTaskPlan('b', { needs: [a], triggerRule: 'all_done' })] };

  it.each<[TaskEnd, TaskEnd, string]>([
    ['success', 'success', 'success'],
    ['success', 'skipped', 'success'],
    ['failed', 'success', 'success'],
    ['success', 'failed', 'failed'],
    ['failed', 'upstream_failed', 'failed'],
  ])('is that of its last tasks: after %s, %s is %s', (first, last, outcome) => {
    expect(outcomeOf(fork, { [a]: first, [b]: last })).toBe(outcome);
  });

  it('is a failure when one of several last tasks failed, or never ended', () => {
    const wide = { tasks: [aTaskPlan('a'), aTaskPlan('b')] };
    expect(outcomeOf(wide, { [a]: 'success', [b]: 'failed' })).toBe('failed');
    expect(outcomeOf(wide, { [a]: 'success' })).toBe('failed');
  });
});

/** A plan in which each task needs some of those before it. */
function anyPlan(): fc.Arbitrary<RunPlan> {
  const anyTask = fc.record({
    needs: fc.array(fc.nat(), { maxLength: 3 }),
    triggerRule: fc.constantFrom(...triggerRules),
  });
  return fc.array(anyTask, { minLength: 1, maxLength: 12 }).map((tasks) => ({
    tasks: tasks.map(({ needs, triggerRule }, index): TaskPlan => {
      const before = new Set(index === 0 ? [] : needs.map((nth) => parseTaskId(`t${nth % index}`)));
      return aTaskPlan(`t${index}`, { needs: [...before], triggerRule });
    }),
  }));
}

/** Runs a plan as a run does, ending some started task at a time; `onStart` sees each start. */
function simulate(
  plan: RunPlan,
  choices: readonly { readonly nth: number; readonly end: TaskEnd }[],
  onStart: (task: TaskPlan, ended: TaskEnds) => void = () => undefined,
): TaskEnds {
  const ended: Record<TaskId, TaskEnd> = {};
  const started = new Set<TaskId>();
  for (let turn = 0; ; turn += 1) {
    const { ready, settled } = step(plan, ended);
    for (const id of Object.keys(settled)) expect(started.has(parseTaskId(id))).toBe(false);
    Object.assign(ended, settled);
    for (const task of plan.tasks) {
      if (!ready.includes(task.id) || started.has(task.id)) continue;
      onStart(task, ended);
      started.add(task.id);
    }
    const running = [...started].filter((id) => endOf(ended, id) === undefined);
    const { nth, end } = choices[turn % choices.length] ?? { nth: 0, end: 'success' };
    const next = running[nth % running.length];
    if (next === undefined) return ended;
    ended[next] = end;
  }
}

function anyChoices() {
  const end = fc.constantFrom<TaskEnd>('success', 'success', 'failed', 'skipped');
  return fc.array(fc.record({ nth: fc.nat(), end }), { minLength: 1, maxLength: 12 });
}

describe('any run', () => {
  it('comes to an end with every task ended', () => {
    fc.assert(
      fc.property(anyPlan(), anyChoices(), (plan, choices) => {
        const ended = simulate(plan, choices);
        expect(Object.keys(ended)).toHaveLength(plan.tasks.length);
        expect(Object.values(ended).every((end) => ends.includes(end))).toBe(true);
      }),
    );
  });

  it('starts nothing before what it needs has ended, but where one of them is enough', () => {
    fc.assert(
      fc.property(anyPlan(), anyChoices(), (plan, choices) => {
        simulate(plan, choices, ({ needs, triggerRule }, ended) => {
          const upstream = needs.map((id) => endOf(ended, id));
          const hasFailed = upstream.some((end) => end === 'failed' || end === 'upstream_failed');
          const hasSucceeded = upstream.includes('success');
          const isEnough =
            triggerRule === 'always' ||
            (triggerRule === 'one_success' && hasSucceeded) ||
            (triggerRule === 'one_failed' && hasFailed) ||
            (triggerRule === 'one_done' && (hasSucceeded || upstream.includes('failed')));
          expect(isEnough || !upstream.includes(undefined)).toBe(true);
        });
      }),
    );
  });

  it('goes on the same from what was stored, however often it is asked', () => {
    fc.assert(
      fc.property(anyPlan(), anyChoices(), (plan, choices) => {
        const ended = simulate(plan, choices);
        for (const upTo of plan.tasks.keys()) {
          const some = Object.fromEntries(Object.entries(ended).slice(0, upTo));
          const { settled, ready } = step(plan, some);
          expect(step(throughJson(plan), throughJson(some))).toEqual({ settled, ready });
          expect(step(plan, { ...some, ...settled })).toEqual({ settled: {}, ready });
        }
      }),
    );
  });
});

describe('the outlets of a plan as a whole', () => {
  const outlets = [{ asset: anAsset('s3://lake/whole'), extra: {} }];
  const plan = { tasks: [aTaskPlan('a'), aTaskPlan('b')], outlets };

  it('are updated by a run that succeeded, also where some of its tasks were skipped', () => {
    expect(updatedBy(plan, 'success', { [a]: 'success', [b]: 'skipped' })).toEqual(outlets);
  });

  it('are not updated by a run that failed, or in which nothing was done', () => {
    expect(updatedBy(plan, 'failed', { [a]: 'success', [b]: 'failed' })).toEqual([]);
    expect(updatedBy(plan, 'success', { [a]: 'skipped', [b]: 'skipped' })).toEqual([]);
    expect(updatedBy({ tasks: plan.tasks }, 'success', { [a]: 'success' })).toEqual([]);
  });
});
