import { parseDagId } from '../../core/ids.ts';
import { all, asset, assetAndTime, assetOrTime, cron, dag } from '../../sdk/index.ts';
import { closeRun, markCloseReported } from '../../store/runs.ts';
import { signalConsumer } from '../../temporal/consumer-workflow.ts';
import { cancelRun, setPaused } from '../../temporal/control.ts';
import { passTick } from '../../temporal/request-run.ts';
import { sweep } from '../../temporal/sweep.ts';
import { runClosedSignal } from '../../workflows/messages.ts';
import { attemptClosed, runAgain, tasksIn, whatFailed } from '../support/attempts.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { stepViolations } from '../support/steps.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const left = asset('s3://door/left');
const right = asset('s3://door/right');
const due = asset('s3://door/due');
const never = cron('0 0 1 1 *');
/** Hold attempts of runs, named `<run id>/<attempt>`. */
const latches = new Map<string, Latch>();
const hold = (runId: string, attempt: number): Latch => {
  const latch = aLatch();
  latches.set(`${runId}/${attempt}`, latch);
  return latch;
};

/** One run at a time; a first attempt fails where it is asked to. */
const one = dag('one', { maxActiveRuns: 1 }, (d) => {
  d.task('work', async ({ run, runId, signal }) => {
    if (run.conf['fail'] === true && run.attempt === 1) throw new Error('it broke');
    const stopped = new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to stop')));
    });
    const latch = latches.get(`${runId}/${run.attempt}`);
    if (latch !== undefined) await Promise.race([latch.opened, stopped]);
  });
});
/** Whoever is let in takes what is queued. */
const takes = dag('takes', { schedule: assetOrTime(never, all(left, right), { consume: true }) }, (d) => {
  d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
});
const owing = dag('owing', { schedule: assetAndTime(never, due) }, (d) => {
  d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
});

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([one, takes, owing]);
});
afterAll(async () => {
  for (const latch of latches.values()) latch.open();
  await tidegate.stop();
});

const failedRun = async () => {
  const runId = await tidegate.trigger('one', { fail: true });
  expect(await tidegate.closed('one', runId)).toMatchObject({ state: 'failed' });
  return ['one', runId] as const;
};
const rowOf = async ([dagId, runId]: readonly [string, string]) =>
  (await tidegate.runsOf(dagId)).find(({ run_id }) => run_id === runId);
const isHeldBy = (...slots: readonly string[]) =>
  eventually(async () => {
    const { activeRuns } = await tidegate.gate('one');
    return JSON.stringify(activeRuns) === JSON.stringify(slots);
  });
const dagId = parseDagId('one');

describe('a later attempt', () => {
  it('waits for a slot, and goes before what was asked for after its run', async () => {
    const run = await failedRun();
    const before = await tidegate.trigger('one');
    const latch = hold(before, 1);
    await isHeldBy(before);
    const after = await tidegate.trigger('one');
    const second = hold(run[1], 2);
    await runAgain(tidegate.deps, run, whatFailed);
    await eventually(async () => (await tidegate.gate('one')).hasRequests);
    expect(await rowOf(run)).toMatchObject({ state: 'queued', attempt: 2, admitted_at: null });
    latch.open();
    await isHeldBy(`${run[1]}/2`);
    expect(await rowOf(['one', after])).toMatchObject({ admitted_at: null });
    second.open();
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    expect(await tidegate.closed('one', after)).toMatchObject({ state: 'success' });
  });

  it('waits while its DAG is paused', async () => {
    const run = await failedRun();
    await setPaused(tidegate.deps, dagId, true);
    await runAgain(tidegate.deps, run, whatFailed);
    await eventually(async () => (await tidegate.gate('one')).hasRequests);
    expect(await rowOf(run)).toMatchObject({ state: 'queued', admitted_at: null });
    await setPaused(tidegate.deps, dagId, false);
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
  });

  it('keeps its slot, and is told when it has closed, however often the close of an earlier one is told', async () => {
    const run = await failedRun();
    const second = hold(run[1], 2);
    await runAgain(tidegate.deps, run, whatFailed);
    await isHeldBy(`${run[1]}/2`);
    const waiting = await tidegate.trigger('one');
    for (let told = 0; told < 2; told += 1) {
      await signalConsumer(tidegate.deps.temporal, dagId, runClosedSignal, [
        [(await rowOf(run))?.run_id ?? waiting],
      ]);
      await markCloseReported(tidegate.deps.db, dagId, [(await rowOf(run))?.run_id ?? waiting]);
    }
    // Told behind the others, so these were taken by then.
    await setPaused(tidegate.deps, dagId, false);
    expect((await tidegate.gate('one')).activeRuns).toEqual([`${run[1]}/2`]);
    expect(await rowOf(['one', waiting])).toMatchObject({ admitted_at: null });
    expect(await rowOf(run)).toMatchObject({ is_close_reported: false });
    second.open();
    await attemptClosed(tidegate, run, 2);
    expect(await tidegate.closed('one', waiting)).toMatchObject({ state: 'success' });
    await eventually(async () => (await rowOf(run))?.is_close_reported);
  });

  it('is held by a consumer that begins anew', async () => {
    const run = await failedRun();
    const second = hold(run[1], 2);
    await runAgain(tidegate.deps, run, whatFailed);
    await isHeldBy(`${run[1]}/2`);
    await tidegate.consumer('one').terminate('to begin anew');
    await sweep(tidegate.deps, { isFull: true });
    await isHeldBy(`${run[1]}/2`);
    second.open();
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success' });
    await isHeldBy();
  });

  it('is let in by a sweep, where the process died that knew of the close of the one before', async () => {
    const runId = await tidegate.trigger('one');
    const [first, second] = [hold(runId, 1), hold(runId, 2)];
    await isHeldBy(runId);
    await eventually(async () => (await tidegate.tasksOf('one', runId)).length === 1);
    const { db } = tidegate.deps;
    await closeRun(db, { dagId, runId, attempt: 1, state: 'failed', reason: 'test', ends: {} });
    await runAgain(tidegate.deps, ['one', runId], whatFailed);
    await eventually(async () => (await tidegate.gate('one')).hasRequests);
    expect((await tidegate.gate('one')).activeRuns).toEqual([runId]);
    await db
      .updateTable('run_attempt')
      .set({ last_ended_at: new Date(0) })
      .where('run_id', '=', runId)
      .execute();
    await sweep(tidegate.deps, { isFull: false });
    await isHeldBy(`${runId}/2`);
    // What the first attempt still does counts for nothing.
    first.open();
    await eventually(async () => (await tidegate.run('one', runId).describe()).status.name !== 'RUNNING');
    await isHeldBy(`${runId}/2`);
    second.open();
    expect(await attemptClosed(tidegate, ['one', runId], 2)).toMatchObject({ state: 'success' });
    expect(await tasksIn(tidegate, ['one', runId], 1)).toMatchObject({ work: { state: 'failed' } });
  });
});

describe('a later attempt that is cancelled', () => {
  it('is closed, as it starts and while it runs, and can be asked for once more', async () => {
    const run = await failedRun();
    const { run_id: runId } = (await rowOf(run)) ?? { run_id: undefined };
    if (runId === undefined) throw new Error('no run');
    for (const attempt of [2, 3]) {
      hold(runId, attempt);
      await runAgain(tidegate.deps, run);
      await isHeldBy(`${runId}/${attempt}`);
      if (attempt === 3)
        await eventually(async () => Object.keys(await tasksIn(tidegate, run, attempt)).length === 1);
      await cancelRun(tidegate.deps, { dagId, runId, attempt });
      expect(await attemptClosed(tidegate, run, attempt)).toMatchObject({
        state: 'failed',
        reason: 'cancelled',
      });
    }
    await runAgain(tidegate.deps, run);
    expect(await attemptClosed(tidegate, run, 4)).toMatchObject({ state: 'success' });
  });
});

describe('a later attempt among runs that consume', () => {
  it('leaves the queue alone, by itself and before another one that takes it', async () => {
    const queued = async () =>
      Object.values((await tidegate.gate('takes')).gate.queued).map(({ count }) => count);
    const post = async () => {
      const seqs = await tidegate.post(left.uri);
      await eventually(async () => (await queued()).length === 1);
      return seqs;
    };
    const [first] = await post();
    const run = ['takes', await tidegate.trigger('takes')] as const;
    await tidegate.closed(...run);
    const [second] = await post();

    await runAgain(tidegate.deps, run);
    await attemptClosed(tidegate, run, 2);
    expect((await tasksIn(tidegate, run, 2))['read']?.result).toEqual([first]);
    expect(await queued()).toEqual([1]);

    await setPaused(tidegate.deps, parseDagId('takes'), true);
    await runAgain(tidegate.deps, run);
    const other = await tidegate.trigger('takes');
    await setPaused(tidegate.deps, parseDagId('takes'), false);
    await attemptClosed(tidegate, run, 3);
    await tidegate.closed('takes', other);
    expect((await tasksIn(tidegate, run, 3))['read']?.result).toEqual([first]);
    expect(await tidegate.tasksOf('takes', other)).toMatchObject([{ result: [second] }]);
    expect(await queued()).toEqual([]);
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });

  it('of a time that waited for assets waits for a slot alone, and is no tick that is owed', async () => {
    const [seq] = await tidegate.post(due.uri);
    await passTick(tidegate.deps, parseDagId('owing'), Date.UTC(2026, 0, 1));
    const [made] = await tidegate.runsClosed('owing', 1);
    const run = ['owing', made?.run_id ?? ''] as const;
    await runAgain(tidegate.deps, run);
    await attemptClosed(tidegate, run, 2);
    expect((await tasksIn(tidegate, run, 2))['read']?.result).toEqual([seq]);
    expect((await tidegate.gate('owing')).owed ?? null).toBeNull();

    await setPaused(tidegate.deps, parseDagId('owing'), true);
    await runAgain(tidegate.deps, run);
    await passTick(tidegate.deps, parseDagId('owing'), Date.UTC(2026, 0, 2));
    await setPaused(tidegate.deps, parseDagId('owing'), false);
    await attemptClosed(tidegate, run, 3);
    // The next time is another run, not part of the one that ran again, and still waits for assets.
    expect(await tidegate.runsOf('owing')).toMatchObject([{ attempt: 3 }, { attempt: 1, admitted_at: null }]);
    await eventually(async () => (await tidegate.gate('owing')).owed?.count === 1);
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });
});
