import * as fc from 'fast-check';
import type { EndedInstances } from '../../core/clearing-instances.ts';
import { clearTasks, type EndedTask } from '../../core/clearing-tasks.ts';
import { parseTaskId, type TaskId } from '../../core/ids.ts';
import { step, type TaskEnd, type TaskPlan } from '../../core/run-plan.ts';
import type { TaskWish } from '../../core/task-wish.ts';
import { triggerRules } from '../../core/trigger-rule.ts';
import { aTaskPlan } from '../support/plans.ts';

const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(parseTaskId) as [
  TaskId,
  TaskId,
  TaskId,
  TaskId,
  TaskId,
];
const all: TaskWish = { tasks: null, downstream: false, upstream: false, onlyFailed: false };
const ran = (end: TaskEnd): EndedTask => ({ end, isDecided: false });
const decided = (end: TaskEnd): EndedTask => ({ end, isDecided: true });

/** a, then b and c, then d behind b; e stands alone. */
const plan = {
  tasks: [
    aTaskPlan('a'),
    aTaskPlan('b', { needs: [a] }),
    aTaskPlan('c', { needs: [a], triggerRule: 'all_done' }),
    aTaskPlan('d', { needs: [b] }),
    aTaskPlan('e'),
  ],
};
/** a failed; b and d could not start; c ran all the same. */
const failed = new Map([
  [a, ran('failed')],
  [b, decided('upstream_failed')],
  [c, ran('success')],
  [d, decided('upstream_failed')],
  [e, ran('success')],
]);
const fine = new Map([a, b, c, d, e].map((id) => [id, ran('success')]));

describe('clearing tasks between a set-up and its tear-down', () => {
  const [up, work, beside, down] = ['up', 'work', 'beside', 'down'].map(parseTaskId) as [
    TaskId,
    TaskId,
    TaskId,
    TaskId,
  ];
  const around = {
    tasks: [
      aTaskPlan('up'),
      aTaskPlan('beside'),
      aTaskPlan('work', { needs: [up] }),
      aTaskPlan('down', { needs: [up, work], teardownOf: [up] }),
    ],
  };
  const ended = new Map([up, work, beside, down].map((id) => [id, ran('success')]));

  it('clears both', () => {
    expect(clearTasks(around, ended, { ...all, tasks: [work] }).again).toEqual([up, work, down]);
    expect(clearTasks(around, ended, { ...all, tasks: [down] }).again).toEqual([up, down]);
    expect(clearTasks(around, ended, { ...all, tasks: [beside] }).again).toEqual([beside]);
  });
});

describe('clearing a mapped task', () => {
  const [list, each, behind] = [parseTaskId('list'), parseTaskId('each'), parseTaskId('behind')];
  const mapped = {
    tasks: [
      aTaskPlan('list'),
      aTaskPlan('each', { needs: [list], shape: { kind: 'mapped', over: list } }),
      aTaskPlan('behind', { needs: [each] }),
    ],
  };
  const half = new Map([
    [list, ran('success')],
    [each, ran('failed')],
    [behind, decided('upstream_failed')],
  ]);
  const failures = { ...all, onlyFailed: true };
  const named = (...indexes: readonly number[]): TaskWish => ({
    ...all,
    tasks: indexes.map((index) => ['each', index]),
  });
  /** Of four; the first succeeded, the second failed, the third was skipped, and the last was never come to. */
  const seen: EndedInstances = {
    ...{ count: 4, isOutdated: false },
    ends: new Map([
      [0, 'success'],
      [1, 'failed'],
      [2, 'skipped'],
    ]),
  };
  const ofEach = (over: Partial<EndedInstances> = {}) => new Map([[each, { ...seen, ...over }]]);

  it('keeps instances that did not fail, where only what failed runs again and its items stay', () => {
    expect(clearTasks(mapped, half, failures, ofEach())).toEqual({
      ...{ again: [each, behind], kept: [list] },
      instances: { each: [1, 3] },
    });
    expect(clearTasks(mapped, half, { ...all, tasks: [each] }, ofEach()).instances).toEqual({});
    const anew = new Map(half).set(list, ran('failed'));
    expect(clearTasks(mapped, anew, failures, ofEach())).toEqual({
      ...{ again: [list, each, behind], kept: [], instances: {} },
    });
  });

  it('runs all of them where their items are others by now', () => {
    expect(clearTasks(mapped, half, failures, ofEach({ isOutdated: true })).instances).toEqual({});
  });

  it('runs those that are named, whatever became of them, and those that were never come to', () => {
    expect(clearTasks(mapped, half, named(2), ofEach())).toEqual({
      ...{ again: [each, behind], kept: [list] },
      instances: { each: [2, 3] },
    });
    expect(clearTasks(mapped, half, { ...named(0, 1, 2), onlyFailed: true }, ofEach()).instances).toEqual({
      each: [1, 3],
    });
    expect(clearTasks(mapped, half, named(0, 1, 2, 3), ofEach()).instances).toEqual({});
    const both = { ...all, tasks: [['each', 1], 'each'] as const };
    expect(clearTasks(mapped, half, both, ofEach()).instances).toEqual({});
  });

  it('takes what lies behind named instances as a whole', () => {
    const whole = new Map([list, each, behind].map((id) => [id, ran('success')]));
    const ends = new Map([0, 1].map((index) => [index, 'success'] as const));
    const ofFine = ofEach({ count: 2, ends });
    expect(clearTasks(mapped, whole, named(1), ofFine)).toEqual({
      ...{ again: [each], kept: [list, behind], instances: { each: [1] } },
    });
    expect(clearTasks(mapped, whole, { ...named(1), downstream: true }, ofFine)).toEqual({
      ...{ again: [each, behind], kept: [list], instances: { each: [1] } },
    });
  });

  it('takes failures that a task tolerates only where it is named', () => {
    const whole = new Map([list, each, behind].map((id) => [id, ran('success')]));
    const tolerated = ofEach({ count: 3 });
    expect(() => clearTasks(mapped, whole, failures, tolerated)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/failed of each, which tolerates them, name it/),
      }),
    );
    expect(clearTasks(mapped, whole, { ...failures, tasks: [each] }, tolerated)).toEqual({
      ...{ again: [each], kept: [list, behind], instances: { each: [1] } },
    });
    const behindIt = { ...failures, tasks: [list], downstream: true };
    expect(() => clearTasks(mapped, whole, behindIt, tolerated)).toThrow(/none of these tasks failed/);
  });

  it.each<[string, Partial<TaskWish>, ReadonlyMap<TaskId, EndedInstances>, object]>([
    [
      'of a task that is not mapped',
      { tasks: [['list', 0]] },
      ofEach(),
      { code: 'invalid_input', message: /"list" .* is not mapped/ },
    ],
    ['of a task that has none', named(0), new Map(), { code: 'run_conflict', message: /has no instances/ }],
    [
      'behind the last',
      named(4),
      ofEach(),
      { code: 'unknown_task', message: /this run has 4 instances of it, from 0 to 3/ },
    ],
    ['before the first', named(-1), ofEach(), { code: 'unknown_task', message: /from 0 to 3/ }],
    [
      'that may be of another item',
      named(1),
      ofEach({ isOutdated: true }),
      { code: 'run_conflict', message: /changed since they ran/ },
    ],
    [
      'with what they are mapped over',
      { ...named(1), upstream: true },
      ofEach(),
      { code: 'run_conflict', message: /"list", which it is mapped over, runs again/ },
    ],
    [
      'of an unknown task',
      { tasks: [['eac', 0]] },
      ofEach(),
      { code: 'unknown_task', message: /did you mean 'each'/ },
    ],
    [
      'that did not fail, of which only what failed is asked for',
      { ...named(0), onlyFailed: true },
      ofEach(),
      { code: 'run_conflict', message: /none .* failed/ },
    ],
  ])('refuses instances %s', (_, wish, of, { code, message }: { code?: string; message?: RegExp }) => {
    expect(() => clearTasks(mapped, half, { ...all, ...wish }, of)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message ?? /./) }),
    );
  });

  it('refuses instances of what is set up, or torn down, as a whole', () => {
    const down = parseTaskId('down');
    const around = { tasks: [...mapped.tasks, aTaskPlan('down', { needs: [each], teardownOf: [each] })] };
    const ended = new Map(half).set(down, ran('success'));
    expect(() => clearTasks(around, ended, named(1), ofEach())).toThrow(/is set up anew/);
    expect(clearTasks(around, ended, failures, ofEach()).instances).toEqual({});
  });

  it('keeps none where one of several lists is made anew', () => {
    const other = parseTaskId('other');
    const sources = [list, other].map((task) => ({ name: task, task }));
    const shape = { kind: 'mapped', over: { by: 'product', sources } } as const;
    const several = {
      tasks: [aTaskPlan('list'), aTaskPlan('other'), aTaskPlan('each', { needs: [list, other], shape })],
    };
    const kept = new Map(half).set(other, ran('success'));
    expect(clearTasks(several, kept, failures, ofEach()).instances).toEqual({ each: [1, 3] });
    expect(clearTasks(several, kept.set(other, ran('failed')), failures, ofEach()).instances).toEqual({});
  });
});

describe('clearing tasks of a run', () => {
  it.each<[string, Map<TaskId, EndedTask>, Partial<TaskWish>, readonly TaskId[]]>([
    ['all of them', fine, {}, [a, b, c, d, e]],
    ['those that are named', fine, { tasks: [b] }, [b]],
    ['what lies behind them', fine, { tasks: [b], downstream: true }, [b, d]],
    ['what they lie behind', fine, { tasks: [b], upstream: true }, [a, b]],
    [
      'both, but not what lies beside them',
      fine,
      { tasks: [b], upstream: true, downstream: true },
      [a, b, d],
    ],
    ['what failed or could not start because of that', failed, { onlyFailed: true }, [a, b, d]],
    ['what could not start, with what is named', failed, { tasks: [a] }, [a, b, d]],
    [
      'what failed of what lies behind',
      failed,
      { tasks: [a], downstream: true, onlyFailed: true },
      [a, b, d],
    ],
  ])('takes %s', (_, ended, wish, again) => {
    const cleared = clearTasks(plan, ended, { ...all, ...wish });
    expect(cleared.again).toEqual(again);
    expect(cleared.kept).toEqual([a, b, c, d, e].filter((id) => !again.includes(id)));
  });

  it('decides anew what a rule skipped, but not what skipped itself or was marked by hand', () => {
    const rest = { ...all, tasks: [a] };
    const skipped = new Map(fine).set(b, decided('skipped'));
    expect(clearTasks(plan, skipped, rest).again).toEqual([a, b]);
    expect(clearTasks(plan, new Map(fine).set(b, ran('skipped')), rest).again).toEqual([a]);
  });

  it('leaves what a rule decided where nothing runs again before it', () => {
    const skipped = new Map(fine).set(b, decided('skipped')).set(d, decided('skipped'));
    expect(clearTasks(plan, skipped, { ...all, tasks: [c] }).again).toEqual([c]);
  });

  it('runs what was never come to, also where only what failed is wished for', () => {
    const stopped = new Map([[a, ran('success')] as const]);
    expect(clearTasks(plan, stopped, { ...all, onlyFailed: true }).again).toEqual([b, c, d, e]);
    expect(clearTasks(plan, stopped, { ...all, tasks: [a] }).again).toEqual([a, b, c, d, e]);
  });

  it.each<[string, Partial<TaskWish>, object]>([
    [
      'an unknown task, with the nearest name',
      { tasks: ['aa'] },
      { code: 'unknown_task', message: /did you mean 'a'/ },
    ],
    ['no task', { tasks: [] }, { code: 'run_conflict', message: /no task was named/ }],
    [
      'only what failed where nothing did',
      { onlyFailed: true },
      { code: 'run_conflict', message: /none .* failed/ },
    ],
  ])('refuses %s', (_, wish, { code, message }: { code?: string; message?: RegExp }) => {
    expect(() => clearTasks(plan, fine, { ...all, ...wish })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message ?? /./) }),
    );
  });
});

/** Up to seven tasks, each after some of those before it, with how a run of them ended. */
const anyRun = () =>
  fc
    .array(
      fc.record({ needs: fc.array(fc.nat(6)), rule: fc.constantFrom(...triggerRules), fate: fc.nat(3) }),
      {
        minLength: 1,
        maxLength: 7,
      },
    )
    .map((made) => {
      const ids = made.map((_, index) => parseTaskId(`t${index}`));
      const tasks: readonly TaskPlan[] = made.map(({ needs, rule }, index) => {
        const before = [...new Set(needs.filter((need) => need < index))].map((need) => ids[need] ?? a);
        return aTaskPlan(`t${index}`, { needs: before, triggerRule: rule });
      });
      const fates = new Map(ids.map((id, index) => [id, made[index]?.fate ?? 0]));
      return { tasks, ended: runOf(tasks, {}, fates) };
    });
const anyWish = (): fc.Arbitrary<TaskWish> =>
  fc.record({
    tasks: fc.option(fc.uniqueArray(fc.constant('t0'), { minLength: 1 })),
    ...{ downstream: fc.boolean(), upstream: fc.boolean(), onlyFailed: fc.boolean() },
  });

/** Plays a run to its end: a fate of 0 stops it there, others are ends. */
function runOf(
  tasks: readonly TaskPlan[],
  kept: Readonly<Record<TaskId, TaskEnd>>,
  fates: ReadonlyMap<TaskId, number>,
): ReadonlyMap<TaskId, EndedTask> {
  const ends: Record<TaskId, TaskEnd> = { ...kept };
  const ended = new Map<TaskId, EndedTask>();
  for (;;) {
    const { ready, settled } = step({ tasks }, ends);
    for (const [id, end] of Object.entries<TaskEnd>(settled)) ended.set(parseTaskId(id), decided(end));
    Object.assign(ends, settled);
    const next = ready.find((id) => (fates.get(id) ?? 0) > 0);
    if (next === undefined) return ended;
    const end = (['success', 'failed', 'skipped'] as const)[(fates.get(next) ?? 1) - 1] ?? 'success';
    ends[next] = end;
    ended.set(next, ran(end));
  }
}

const clearing = (
  tasks: readonly TaskPlan[],
  ended: ReadonlyMap<TaskId, EndedTask>,
  wish: TaskWish,
  seen?: ReadonlyMap<TaskId, EndedInstances>,
) => {
  try {
    return clearTasks({ tasks }, ended, wish, seen);
  } catch {
    return undefined;
  }
};

describe('whatever is cleared', () => {
  it('parts the tasks of the plan in two, and keeps only what has an end', () => {
    fc.assert(
      fc.property(anyRun(), anyWish(), ({ tasks, ended }, wish) => {
        const cleared = clearing(tasks, ended, wish);
        if (cleared === undefined) return;
        const { again, kept } = cleared;
        expect([...again, ...kept].toSorted()).toEqual(tasks.map(({ id }) => id).toSorted());
        expect(kept.filter((id) => !ended.has(id))).toEqual([]);
      }),
    );
  });

  it('is what somebody would say who asked of each task by itself', () => {
    fc.assert(
      fc.property(anyRun(), anyWish(), ({ tasks, ended }, wish) => {
        const byId = new Map(tasks.map((task) => [task.id, task]));
        const isBefore = (one: TaskId, other: TaskId): boolean =>
          byId.get(other)?.needs.some((need) => need === one || isBefore(one, need)) ?? false;
        const named = tasks.filter(({ id }) => wish.tasks?.includes(id) ?? true);
        const isWished = (id: TaskId): boolean =>
          named.some(
            (one) =>
              one.id === id ||
              (wish.downstream && isBefore(one.id, id)) ||
              (wish.upstream && isBefore(id, one.id)),
          );
        const isBad = (id: TaskId): boolean =>
          ['failed', 'upstream_failed', undefined].includes(ended.get(id)?.end);
        const chosen = tasks.filter(({ id }) => isWished(id) && (!wish.onlyFailed || isBad(id)));
        const ranAgain = (id: TaskId): boolean => chosen.some((one) => one.id === id) || !ended.has(id);
        const again = tasks.filter(
          ({ id }) =>
            ranAgain(id) ||
            (ended.get(id)?.isDecided === true &&
              tasks.some((one) => ranAgain(one.id) && isBefore(one.id, id))),
        );
        expect(clearing(tasks, ended, wish)?.again).toEqual(
          chosen.length === 0 ? undefined : again.map(({ id }) => id),
        );
      }),
    );
  });

  it('comes to an end with what is kept as it was and all else ended anew', () => {
    fc.assert(
      fc.property(anyRun(), anyWish(), fc.integer({ min: 1, max: 3 }), ({ tasks, ended }, wish, fate) => {
        const cleared = clearing(tasks, ended, wish);
        if (cleared === undefined) return;
        const kept: Record<TaskId, TaskEnd> = Object.fromEntries(
          cleared.kept.map((id) => [id, ended.get(id)?.end ?? 'failed']),
        );
        const again = runOf(tasks, kept, new Map(tasks.map(({ id }) => [id, fate])));
        expect([...again.keys()].toSorted()).toEqual(cleared.again.toSorted());
      }),
    );
  });
});

/** A task that a mapped one is mapped over, and one behind it; how its instances ended, and what is wished for. */
const anyMappedWish = () =>
  fc.record({
    fates: fc.array(fc.constantFrom('success', 'failed', 'skipped', undefined), {
      minLength: 1,
      maxLength: 6,
    }),
    indexes: fc.uniqueArray(fc.nat(5), { minLength: 1 }),
    isWhole: fc.boolean(),
    ...{ downstream: fc.boolean(), onlyFailed: fc.boolean() },
  });

describe('whatever instances are cleared', () => {
  it('are those that somebody would say who asked of each by itself', () => {
    fc.assert(
      fc.property(anyMappedWish(), ({ fates, indexes, isWhole, downstream, onlyFailed }) => {
        const [list, each, behind] = [parseTaskId('list'), parseTaskId('each'), parseTaskId('behind')];
        const tasks = [
          aTaskPlan('list'),
          aTaskPlan('each', { needs: [list], shape: { kind: 'mapped', over: list } }),
          aTaskPlan('behind', { needs: [each] }),
        ];
        const known = indexes.filter((index) => index < fates.length);
        fc.pre(isWhole || known.length > 0);
        const ends = new Map(
          fates.flatMap((end, index) => (end === undefined ? [] : [[index, end] as const])),
        );
        const isBad = (index: number): boolean => ['failed', undefined].includes(fates[index]);
        const indexed = fates.map((_, index) => index);
        const ended = new Map([[list, ran('success')]]);
        if (fates.includes('failed')) ended.set(each, ran('failed'));
        else if (!fates.includes(undefined)) ended.set(each, ran('success'));
        if (ended.has(each)) ended.set(behind, ran('success'));
        const wished = indexed.filter(
          (index) => (isWhole || known.includes(index)) && (!onlyFailed || isBad(index)),
        );
        const again = indexed.filter((index) => wished.includes(index) || fates[index] === undefined);

        const wish = {
          upstream: false,
          tasks: isWhole ? ['each'] : known.map((index) => ['each', index] as const),
        };
        const seen = new Map([[each, { count: fates.length, ends, isOutdated: false }]]);
        const clear = () => {
          const cleared = clearing(tasks, ended, { ...wish, downstream, onlyFailed }, seen);
          return (
            cleared && {
              ...{ again: cleared.instances[each] ?? indexed, isListKept: cleared.kept.includes(list) },
              isBehindAgain: cleared.again.includes(behind),
            }
          );
        };
        const isAny = wished.length > 0 || (downstream && !ended.has(behind));
        expect(clear()).toEqual(
          isAny
            ? { again, isListKept: true, isBehindAgain: !ended.has(behind) || (downstream && !onlyFailed) }
            : undefined,
        );
      }),
    );
  });
});
