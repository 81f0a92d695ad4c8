import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { asset, dag } from '../../sdk/index.ts';
import { type MarkedTask, markRun as writeMark, markTask as writeTaskMark } from '../../store/marks.ts';
import { findUntoldMarks } from '../../store/untold-marks.ts';
import type { EndedRunState, MarkedState } from '../../store/run-tables.ts';
import { setPaused } from '../../temporal/control.ts';
import { markRun } from '../../temporal/mark-run.ts';
import { markTask } from '../../temporal/mark-task.ts';
import { sweep } from '../../temporal/sweep.ts';
import { attemptClosed, runAgain, storyOf, tasksIn, whatFailed } from '../support/attempts.ts';
import { beginWait } from '../../activities/wait-task.ts';
import { violations } from '../support/conservation.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const made = asset('s3://marks/made');
const whole = asset('s3://marks/whole');
let stopped = 0;

/** Waits until it is stopped, where it is asked to; else its task fails or not, as asked. */
const load = dag('load', { outlets: [whole] }, (d) => {
  const fetch = d.task('fetch', { outlets: [made] }, async ({ run, signal }) => {
    if (run.conf['fail'] === true) throw new Error('it broke');
    if (run.conf['wait'] !== true) return;
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => {
        stopped += 1;
        reject(new Error('told to stop'));
      });
    });
  });
  d.task('use', { needs: { fetch } }, async ({ needs }) => ({ got: needs.fetch ?? 'nothing' }));
});

/** A wait, and a mapped task, behind a task that goes on until it is told to go on. */
const waits = dag('waits', {}, (d) => {
  const list = d.task('list', async () => {
    await latch.opened;
    return [1, 2];
  });
  const each = d.map('each', list, async ({ item }) => item);
  const pause = d.wait('pause', { needs: [list], for: '1 hour' });
  d.task('after', { needs: [each, pause] }, async () => 'came');
});
const latch = aLatch();

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([load, waits]);
});
afterAll(() => tidegate.stop());

const dagId = parseDagId('load');
const by = (runId: string) => ({
  dagId,
  runId: parseRunId(dagId, runId),
  who: 'ada',
  note: 'looked into it',
});
const mark = (runId: string, state: EndedRunState) => markRun(tidegate.deps, { ...by(runId), state });
const markOf = (runId: string, task: string, state: MarkedState): Promise<MarkedTask> =>
  markTask(tidegate.deps, { ...by(runId), taskId: parseTaskId(task), state });
const waiting = async () => {
  const runId = await tidegate.trigger('load', { wait: true });
  await eventually(async () => (await tidegate.tasksOf('load', runId)).length === 1);
  return runId;
};
const events = async () => {
  const rows = await tidegate.deps.db.selectFrom('asset_event').select('seq').execute();
  return rows.length;
};

describe('marking a run by hand', () => {
  it('stops an open one with its tasks, and then gives it the state, with nothing recorded', async () => {
    const runId = await waiting();
    expect(await mark(runId, 'success')).toEqual({ kind: 'stopping', attempt: 1 });
    expect(await tidegate.closed('load', runId)).toMatchObject({
      state: 'success',
      reason: 'marked success by ada',
    });
    expect(stopped).toBe(1);
    expect(await tidegate.tasksOf('load', runId)).toMatchObject([{ task_id: 'fetch', state: 'failed' }]);
    expect(await events()).toBe(0);
    expect((await storyOf(tidegate.deps, ['load', runId])).marks).toMatchObject([
      { attempt: 1, task_id: null, who: 'ada', was: 'running', became: 'success', note: 'looked into it' },
    ]);
    await eventually(async () => (await tidegate.gate('load')).activeRuns.length === 0);
  });

  it('closes one that waits for its slot at once', async () => {
    await setPaused(tidegate.deps, dagId, true);
    const runId = await tidegate.trigger('load');
    await mark(runId, 'failed');
    expect(await tidegate.closed('load', runId)).toMatchObject({
      state: 'failed',
      reason: 'marked failed by ada',
    });
    await setPaused(tidegate.deps, dagId, false);
  });

  it('is gone on with by a sweep where the process died before it told the tasks to stop', async () => {
    const runId = await waiting();
    await writeMark(tidegate.deps.db, { ...by(runId), state: 'failed' });
    expect((await tidegate.runsOf('load')).at(-1)).toMatchObject({
      state: 'running',
      wanted_state: 'failed',
    });
    await sweep(tidegate.deps, { isFull: false });
    expect(await tidegate.closed('load', runId)).toMatchObject({
      state: 'failed',
      reason: 'marked failed by ada',
    });
  });

  it('changes the state of one that has ended, once', async () => {
    const runId = await tidegate.trigger('load', { fail: true });
    await tidegate.closed('load', runId);
    const before = await events();
    for (let told = 0; told < 2; told += 1) expect(await mark(runId, 'success')).toEqual({ kind: 'marked' });
    expect((await tidegate.runsOf('load')).at(-1)).toMatchObject({
      state: 'success',
      reason: 'marked success by ada',
    });
    expect((await storyOf(tidegate.deps, ['load', runId])).marks).toMatchObject([
      { was: 'failed', was_reason: 'task fetch failed', became: 'success' },
    ]);
    expect(await events()).toBe(before);
    expect(await mark('nobody', 'success')).toEqual({ kind: 'unknown' });
  });
});

describe('marking a task by hand', () => {
  it('lets what lies behind it run with a retry, with nothing in place of its result and nothing recorded of it', async () => {
    const run = ['load', await tidegate.trigger('load', { fail: true })] as const;
    await tidegate.closed(...run);
    const before = await events();
    expect(await markOf(run[1], 'fetch', 'success')).toEqual({ kind: 'marked' });
    expect(await events()).toBe(before);
    expect(await runAgain(tidegate.deps, run, whatFailed)).toMatchObject({ again: ['use'], kept: ['fetch'] });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      fetch: { state: 'success', is_marked: true, ran_in: 1 },
      use: { state: 'success', result: { got: 'nothing' } },
    });
    // The run as a whole did something, and says so.
    expect(await events()).toBe(before + 1);
  });

  it('stays as it was marked when what it lies behind runs again, though it never started', async () => {
    const run = ['load', await tidegate.trigger('load', { fail: true })] as const;
    await tidegate.closed(...run);
    await markOf(run[1], 'use', 'skipped');
    expect(await runAgain(tidegate.deps, run, whatFailed)).toMatchObject({ again: ['fetch'], kept: ['use'] });
    await attemptClosed(tidegate, run, 2);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({ use: { state: 'skipped', is_marked: true } });
  });

  it('stops one that runs, of which nothing is recorded, and has the run go on with what lies behind it', async () => {
    const runId = await waiting();
    const [before, told] = [await events(), stopped];
    expect(await markOf(runId, 'fetch', 'success')).toEqual({ kind: 'telling', attempt: 1 });
    expect(await tidegate.closed('load', runId)).toMatchObject({ state: 'success', reason: null });
    expect(await tasksIn(tidegate, ['load', runId], 1)).toMatchObject({
      fetch: { state: 'success', is_marked: true },
      use: { state: 'success', result: { got: 'nothing' } },
    });
    expect(stopped).toBe(told + 1);
    // The run as a whole did something, and says so.
    expect(await events()).toBe(before + 1);
    expect((await storyOf(tidegate.deps, ['load', runId])).marks).toMatchObject([
      { task_id: 'fetch', who: 'ada', was: 'running', became: 'success', is_untold: false },
    ]);
  });

  it('keeps one from running that its run has not come to, and is said once', async () => {
    const runId = await waiting();
    expect(await markOf(runId, 'use', 'skipped')).toEqual({ kind: 'telling', attempt: 1 });
    expect(await markOf(runId, 'use', 'skipped')).toEqual({ kind: 'marked' });
    expect(await markOf(runId, 'use', 'success')).toEqual({ kind: 'open', state: 'running' });
    await markOf(runId, 'fetch', 'success');
    expect(await tidegate.closed('load', runId)).toMatchObject({ state: 'success' });
    expect(await tasksIn(tidegate, ['load', runId], 1)).toMatchObject({ use: { state: 'skipped', try: 0 } });
  });

  it('as failed fails the run, by its rules', async () => {
    const runId = await waiting();
    await markOf(runId, 'fetch', 'failed');
    expect(await tidegate.closed('load', runId)).toMatchObject({
      state: 'failed',
      reason: 'task fetch failed',
    });
    expect(await tasksIn(tidegate, ['load', runId], 1)).toMatchObject({
      fetch: { state: 'failed', error: 'marked failed by ada' },
      use: { state: 'upstream_failed' },
    });
  });

  it('is told to a run that goes on by a sweep where the process died before it did', async () => {
    const runId = await waiting();
    const told = stopped;
    const wanted = { ...by(runId), taskId: parseTaskId('fetch'), state: 'success' } as const;
    expect(await writeTaskMark(tidegate.deps.db, wanted)).toEqual({ kind: 'telling', attempt: 1 });
    await sweep(tidegate.deps, { isFull: false });
    expect(await tidegate.closed('load', runId)).toMatchObject({ state: 'success' });
    expect(stopped).toBe(told + 1);
    await sweep(tidegate.deps, { isFull: false });
    expect(await findUntoldMarks(tidegate.deps.db)).toEqual([]);
  });

  it('is refused while its run waits for a slot, of an unknown task with the nearest name, and of an unknown run', async () => {
    await setPaused(tidegate.deps, dagId, true);
    const runId = await tidegate.trigger('load');
    expect(await markOf(runId, 'fetch', 'success')).toEqual({ kind: 'open', state: 'queued' });
    await setPaused(tidegate.deps, dagId, false);
    await mark(runId, 'failed');
    await tidegate.closed('load', runId);
    await expect(markOf(runId, 'fetsch', 'success')).rejects.toMatchObject({
      code: 'unknown_task',
      message: expect.stringContaining("did you mean 'fetch'"),
    });
    expect(await markOf('nobody', 'fetch', 'success')).toEqual({ kind: 'unknown' });
  });

  it('leaves books that agree: what ended by itself recorded what it recorded', async () => {
    const runId = await tidegate.trigger('load');
    await tidegate.closed('load', runId);
    await markOf(runId, 'fetch', 'failed');
    await mark(runId, 'failed');
    await eventually(async () => (await tidegate.gate('load')).activeRuns.length === 0);
    expect(await violations({ ...tidegate.deps, accepted: [] })).toEqual([]);
  });
});

describe('marking by hand what is no plain task of a run that goes on', () => {
  const id = parseDagId('waits');

  it('takes a wait as ended so, whether its workflow hears of it first or its row says so', async () => {
    const runId = parseRunId(id, await tidegate.trigger('waits'));
    await eventually(async () => (await tidegate.tasksOf('waits', runId)).length === 1);
    const given = { dagId: id, runId, who: 'ada', note: null, state: 'success' } as const;
    expect(await markTask(tidegate.deps, { ...given, taskId: parseTaskId('each') })).toEqual({
      kind: 'mapped',
    });
    const pause = parseTaskId('pause');
    await writeTaskMark(tidegate.deps.db, { ...given, taskId: pause });
    // As where the run was not told yet when it comes to it.
    const shape = { kind: 'wait', ms: 1 } as const;
    expect(await beginWait(tidegate.deps, { dagId: id, runId, attempt: 1, taskId: pause, shape })).toBe(
      'success',
    );
    latch.open();
    expect(await tidegate.closed('waits', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('waits', runId)).toContainEqual(
      expect.objectContaining({ task_id: 'after', state: 'success', result: 'came' }),
    );
  });
});
