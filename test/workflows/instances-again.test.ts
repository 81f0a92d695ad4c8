import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { NamedTask } from '../../core/clearing-instances.ts';
import { asset, dag } from '../../sdk/index.ts';
import { mappedWorkflowId } from '../../core/workflow-names.ts';
import { planAttempt } from '../../store/attempts.ts';
import type { MarkedState } from '../../store/run-tables.ts';
import { cancelRun } from '../../temporal/control.ts';
import { markTask } from '../../temporal/mark-task.ts';
import { attemptClosed, everything, runAgain, storyOf, tasksIn, whatFailed } from '../support/attempts.ts';
import { fail } from '../support/runs.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

type RunName = readonly [dagId: string, runId: string];

const parts = asset('s3://instances-again/parts');
/** Which instances ran, as `<run>/<attempt>/<map index>`. */
const ran: string[] = [];

const dags = [
  dag('five', {}, (d) => {
    const list = d.task('list', async () => ['a', 'b', 'c', 'd', 'e']);
    const each = d.map('each', list, { outlets: [parts] }, async ({ item, run, runId, mapIndex, emit }) => {
      ran.push(`${runId}/${run.attempt}/${mapIndex}`);
      emit(parts, { extra: { item } });
      return `${item}${run.attempt}`;
    });
    d.task('all', { needs: { each } }, async ({ needs }) => needs.each);
  }),
  dag('tolerant', {}, (d) => {
    const list = d.task('list', async () => [0, 1, 2, 3, 4]);
    const each = d.map('each', list, { toleratedFailures: 2 }, async ({ item, run, runId, mapIndex }) => {
      ran.push(`${runId}/${run.attempt}/${mapIndex}`);
      return run.attempt === 1 && item % 2 === 1 ? fail() : item;
    });
    d.task('all', { needs: { each } }, async ({ needs }) => needs.each);
  }),
  dag('broken', {}, (d) => {
    const list = d.task('list', async () => ['a', 'b', 'c']);
    const each = d.map('each', list, async ({ item, run }) =>
      item === 'b' && run.attempt === 1 ? fail() : item,
    );
    d.task('all', { needs: { each } }, async ({ needs }) => needs.each);
  }),
  dag('chained', {}, (d) => {
    const list = d.task('list', async () => ['a', 'b', 'c']);
    const before = d.map('before', list, async ({ item }) => item);
    d.map('each', before, async ({ item }) => item);
  }),
  // The second instance of the first attempt goes on until it is told to stop.
  dag('stopped', { maxActiveTasks: 1 }, (d) => {
    const list = d.task('list', async () => [0, 1, 2, 3]);
    d.map('each', list, { toleratedFailures: '50%' }, async ({ item, run, signal }) => {
      if (item !== 1 || run.attempt > 1) return item;
      return new Promise<number>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    });
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const ended = async (dagId: string, state: string): Promise<RunName> => {
  const run = [dagId, await tidegate.trigger(dagId)] as const;
  expect(await tidegate.closed(...run)).toMatchObject({ state });
  return run;
};
const ranIn = ([, runId]: RunName, attempt: number) =>
  ran
    .filter((one) => one.startsWith(`${runId}/${attempt}/`))
    .map((one) => Number(one.split('/').at(-1)))
    .toSorted((a, b) => a - b);
const instancesIn = async (run: RunName, attempt: number) =>
  (await tidegate.tasksOf(...run))
    .filter((row) => row.attempt === attempt && row.task_id === 'each')
    .map(({ map_index, state, ran_in }) => [map_index, state, ran_in]);
/** Rows of five instances of which two ran again. */
const oneAndThreeAgain = [
  [0, 'success', 1],
  [1, 'success', null],
  [2, 'success', 1],
  [3, 'success', null],
  [4, 'success', 1],
];
const each = (...indexes: readonly number[]): readonly NamedTask[] => indexes.map((index) => ['each', index]);
const named = ([id, run]: RunName) => {
  const dagId = parseDagId(id);
  return { dagId, runId: parseRunId(dagId, run) };
};
const planned = (run: RunName, wish: object) =>
  planAttempt(tidegate.deps.db, { ...named(run), wish: { ...everything, ...wish } });
const mark = (run: RunName, state: MarkedState, mapIndex?: number, task = 'each') =>
  markTask(tidegate.deps, {
    ...{ ...named(run), taskId: parseTaskId(task), mapIndex, state, who: 'ada', note: 'by hand' },
  });

describe('instances that are named', () => {
  it('run again alone, and what lies behind gets the results of all', async () => {
    const run = await ended('five', 'success');
    const wish = { tasks: each(1, 3), downstream: true };
    const opened = { attempt: 2, again: ['each', 'all'], instances: { each: [1, 3] } };
    expect(await runAgain(tidegate.deps, run, wish, 1)).toMatchObject({ kind: 'opened', ...opened });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success', reason: null });
    expect(ranIn(run, 2)).toEqual([1, 3]);
    expect(await instancesIn(run, 2)).toEqual(oneAndThreeAgain);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      list: { ran_in: 1 },
      all: { ran_in: null, result: ['a1', 'b2', 'c1', 'd2', 'e1'] },
    });
    const events = tidegate.deps.db.selectFrom('asset_event').select('source_map_index').orderBy('seq');
    const recorded = await events.where('source_run_id', '=', named(run).runId).execute();
    expect(recorded.slice(5).map((event) => event.source_map_index)).toEqual(expect.arrayContaining([1, 3]));
    expect(recorded).toHaveLength(7);
    const id = mappedWorkflowId(named(run).dagId, named(run).runId, 2, parseTaskId('each'));
    const { events: history } = await tidegate.deps.temporal.client.workflow.getHandle(id).fetchHistory();
    const asked = history?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityId ?? []);
    expect(asked).toEqual(['each[1]', 'each[3]']);
    // The same request once more, after what it opened has ended.
    expect(await runAgain(tidegate.deps, run, wish, 1)).toMatchObject({ kind: 'already', ...opened });
    expect(ranIn(run, 3)).toEqual([]);
  });

  it('that failed and are tolerated run again where their task is named', async () => {
    const run = await ended('tolerant', 'success');
    await expect(planned(run, whatFailed)).rejects.toMatchObject({ code: 'run_conflict' });
    const wish = { tasks: ['each'], onlyFailed: true };
    await runAgain(tidegate.deps, run, wish);
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(ranIn(run, 2)).toEqual([1, 3]);
    expect(await instancesIn(run, 2)).toEqual(oneAndThreeAgain);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({ all: { ran_in: 1, result: [0, 2, 4] } });
  });

  it('leave others as they failed, for which the task then fails again', async () => {
    const run = await ended('broken', 'failed');
    await runAgain(tidegate.deps, run, { tasks: each(0) });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({
      ...{ state: 'failed', reason: 'task each failed' },
    });
    expect(await instancesIn(run, 2)).toEqual([
      [0, 'success', null],
      [1, 'failed', 1],
      [2, 'success', 1],
    ]);
  });

  it('do not run alone where what they are mapped over was made anew behind them', async () => {
    const run = await ended('broken', 'failed');
    await runAgain(tidegate.deps, run, { tasks: ['list'] });
    await attemptClosed(tidegate, run, 2);
    await expect(planned(run, { tasks: each(1) })).rejects.toMatchObject({
      ...{ code: 'run_conflict', message: expect.stringMatching(/changed since they ran/) },
    });
    expect(await planned(run, whatFailed)).toMatchObject({ again: ['each', 'all'], instances: {} });
  });
});

describe('instances over those of another task', () => {
  it('do not run alone once one of those was marked behind them, but what was asked for before stays as it was', async () => {
    const run = await ended('chained', 'success');
    const wish = { tasks: each(1) };
    const opened = { again: ['each'], instances: { each: [1] } };
    expect(await runAgain(tidegate.deps, run, wish, 1)).toMatchObject({ kind: 'opened', ...opened });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(await planned(run, wish)).toMatchObject(opened);
    await mark(run, 'skipped', 2, 'before');
    await mark(run, 'success', 2, 'before');
    await expect(planned(run, wish)).rejects.toThrow(/changed since they ran/);
    expect(await runAgain(tidegate.deps, run, wish, 1)).toMatchObject({ kind: 'already', ...opened });
    // All of them run on what there is now, and may then run alone again.
    await runAgain(tidegate.deps, run, { tasks: ['each'] }, 2);
    expect(await attemptClosed(tidegate, run, 3)).toMatchObject({ state: 'success' });
    expect(await planned(run, wish)).toMatchObject(opened);
  });
});

describe('instances of a run that was stopped', () => {
  let run: RunName;
  beforeAll(async () => {
    run = ['stopped', await tidegate.trigger('stopped')];
    await eventually(async () =>
      (await tidegate.tasksOf(...run)).some(({ map_index, state }) => map_index === 1 && state === 'running'),
    );
    await cancelRun(tidegate.deps, { ...named(run), attempt: 1 });
    expect(await tidegate.closed(...run)).toMatchObject({ state: 'failed', reason: 'cancelled' });
    expect(await instancesIn(run, 1)).toEqual([
      [0, 'success', null],
      [1, 'failed', null],
    ]);
  });

  it('run where they were never come to, though those that ended would be enough', async () => {
    expect(await planned(run, whatFailed)).toMatchObject({ again: ['each'], instances: { each: [1, 2, 3] } });
    expect(await planned(run, { tasks: each(3) })).toMatchObject({ instances: { each: [2, 3] } });
    expect(await planned(run, { tasks: ['list'] })).toMatchObject({ again: ['list', 'each'], instances: {} });
  });

  it('are marked with their task, also where they were never come to', async () => {
    expect(await mark(run, 'skipped', 2)).toEqual({ kind: 'marked' });
    expect(await planned(run, whatFailed)).toMatchObject({ instances: { each: [1, 3] } });
    expect(await mark(run, 'success')).toEqual({ kind: 'marked' });
    expect(await instancesIn(run, 1)).toEqual([0, 1, 2, 3].map((index) => [index, 'success', null]));
    await expect(planned(run, whatFailed)).rejects.toThrow(/none of these tasks failed/);
  });
});

describe('marking one instance', () => {
  it('leaves the others, is kept with who and why, and lets what lies behind run', async () => {
    const run = await ended('broken', 'failed');
    expect(await mark(run, 'success', 1)).toEqual({ kind: 'marked' });
    // Said twice, it is kept once.
    expect(await mark(run, 'success', 1)).toEqual({ kind: 'marked' });
    expect((await storyOf(tidegate.deps, run)).marks).toMatchObject([
      { task_id: 'each', map_index: 1, was: 'failed', became: 'success', who: 'ada', note: 'by hand' },
    ]);
    expect(await instancesIn(run, 1)).toEqual([
      [0, 'success', null],
      [1, 'success', null],
      [2, 'success', null],
    ]);
    expect(await runAgain(tidegate.deps, run, whatFailed)).toMatchObject({ again: ['all'], instances: {} });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({ all: { result: ['a', null, 'c'] } });
  });

  it('as failed fails the task, and it runs again with a retry, alone', async () => {
    const run = await ended('five', 'success');
    await mark(run, 'failed', 4);
    await runAgain(tidegate.deps, run, whatFailed);
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(ranIn(run, 2)).toEqual([4]);
  });

  it.each<[string, string, number, object]>([
    [
      'behind the last',
      'each',
      3,
      { code: 'unknown_task', message: /this run has 3 instances of it, from 0 to 2/ },
    ],
    ['of a task that is not mapped', 'list', 0, { code: 'invalid_input', message: /is not mapped/ }],
  ])('refuses one %s', async (_, task, mapIndex, { code, message }: { code?: string; message?: RegExp }) => {
    const run = await ended('broken', 'failed');
    const asked = { ...named(run), taskId: parseTaskId(task), mapIndex, who: 'ada', note: null };
    await expect(markTask(tidegate.deps, { ...asked, state: 'success' })).rejects.toMatchObject({
      ...{ code, message: expect.stringMatching(message ?? /./) },
    });
    expect((await storyOf(tidegate.deps, run)).marks).toEqual([]);
  });
});
