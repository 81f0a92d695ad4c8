import { sql } from 'kysely';
import { slotOf } from '../../core/slot.ts';
import { type DagId, parseDagId, type RunId } from '../../core/ids.ts';
import { openDatabase } from '../../store/database.ts';
import { openAttempt, planAttempt } from '../../store/attempts.ts';
import { markRun } from '../../store/marks.ts';
import { readEnds } from '../../store/past-runs.ts';
import { readAttempt } from '../../store/read-attempt.ts';
import { closeRun, markCloseReported, readRun } from '../../store/runs.ts';
import { findUnreportedRuns } from '../../store/sweep.ts';
import { readResults } from '../../store/task-results.ts';
import { Tries } from '../../store/task-runs.ts';
import { everything } from '../support/attempts.ts';
import { aDagPlan, anAsset, aTaskPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';
import { eventually } from '../support/tidegate.ts';

const dagId: DagId = parseDagId('again');
const work = aTaskPlan('work');
const last = aTaskPlan('last', { needs: [work.id] });
const outlets = [{ asset: anAsset('s3://lake/whole'), extra: {} }];

let store: TestStore;
beforeAll(async () => {
  store = await startStore([{ ...aDagPlan({ dagId: 'again' }), run: { tasks: [work, last], outlets } }]);
});
afterAll(() => store.stop());

/** A run whose first task ended by itself, and that failed. */
async function endedRun(name: string): Promise<RunId> {
  const runId = await openRun(name);
  await closeRun(store.db, { dagId, runId, attempt: 1, state: 'failed', reason: 'test', ends: {} });
  return runId;
}

async function openRun(name: string): Promise<RunId> {
  const runId = await store.request('again', name);
  await store.db.updateTable('run').set({ version: 1 }).where('run_id', '=', runId).execute();
  await store.begin('again', name, 'work');
  await store.db.updateTable('task_run').set({ state: 'success' }).where('run_id', '=', runId).execute();
  return runId;
}

const requestOf = (runId: RunId, tasks: readonly string[] | null = null) => {
  return { dagId, runId, who: 'ada', why: 'clear', wish: { ...everything, tasks } } as const;
};

describe('opening another attempt', () => {
  it('changes nothing while it is only asked what it would do', async () => {
    const runId = await endedRun('planned');
    const before = await readRun(store.db, dagId, runId);
    const plan = await planAttempt(store.db, { dagId, runId, wish: { ...everything, tasks: ['last'] } });
    expect(plan).toMatchObject({ kind: 'ready', attempt: 2, again: ['last'], kept: ['work'] });
    expect(await readRun(store.db, dagId, runId)).toEqual(before);
  });

  it('is done once by any number of processes', async () => {
    const runId = await endedRun('raced');
    const other = openDatabase(store.place);
    // All of them come to the run at the same moment.
    const asked = await store.db.transaction().execute(async (tx) => {
      await tx.selectFrom('run').selectAll().where('run_id', '=', runId).forUpdate().execute();
      const answers = [store.db, other, store.db, other].map((db) => openAttempt(db, requestOf(runId)));
      await eventually(async () => {
        const { rows } = await sql<{ waiting: number }>`
          select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(store.db);
        return rows[0]?.waiting === answers.length;
      });
      return { answers };
    });
    const answers = await Promise.all(asked.answers);
    await other.destroy();
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['already', 'already', 'already', 'opened']);
    expect(await readRun(store.db, dagId, runId)).toMatchObject({ attempt: 2, state: 'queued' });
  });

  it('writes nothing where its wish is refused', async () => {
    const runId = await endedRun('refused');
    const before = await readRun(store.db, dagId, runId);
    await expect(openAttempt(store.db, requestOf(runId, ['lst']))).rejects.toMatchObject({
      code: 'unknown_task',
    });
    expect(await readRun(store.db, dagId, runId)).toEqual(before);
  });

  it('runs all tasks of a run that was never let in, by the plan in force then', async () => {
    const runId = await store.request('again', 'never');
    await closeRun(store.db, { dagId, runId, attempt: 1, state: 'failed', reason: 'cancelled', ends: {} });
    expect(await openAttempt(store.db, requestOf(runId))).toMatchObject({
      again: ['work', 'last'],
      kept: [],
    });
    await expect(readAttempt(store.db, { dagId, runId, attempt: 2 })).rejects.toMatchObject({
      code: 'unknown_run',
    });
  });
});

describe('a later attempt', () => {
  it('goes on from what it keeps, and from nothing that it did itself', async () => {
    const runId = await endedRun('resumed');
    await openAttempt(store.db, requestOf(runId, ['last']));
    const begun = await new Tries(store.db, 'test').begin({
      ...{ dagId, runId, attempt: 2, taskId: last.id, timeoutMs: null },
    });
    expect(begun).toMatchObject({ kind: 'begun', try: 1 });
    expect(await readResults(store.db, { dagId, runId, attempt: 2 }, [work.id])).toEqual({ work: null });
    await store.db
      .updateTable('task_run')
      .set({ state: 'success' })
      .where('run_id', '=', runId)
      .where('task_id', '=', last.id)
      .execute();
    expect(await readAttempt(store.db, { dagId, runId, attempt: 2 })).toMatchObject({
      ...{ plan: { tasks: [{ id: 'work' }, { id: 'last' }] }, ends: { work: 'success' } },
    });
    expect((await readAttempt(store.db, { dagId, runId, attempt: 2 })).ends).toEqual({ work: 'success' });
  });

  it('changes nothing of when its run was over for those who play the past again', async () => {
    const runId = await endedRun('past');
    const { ended_at: endedAt } = (await readRun(store.db, dagId, runId)) ?? {};
    await openAttempt(store.db, requestOf(runId));
    expect((await readEnds(store.db, dagId, 0, 100)).get(runId)).toBe(endedAt?.getTime());
  });

  it('leaves the close of the one before to be told, and takes no word of it for its own', async () => {
    const runId = await endedRun('told');
    await openAttempt(store.db, requestOf(runId));
    const untold = async () => {
      const found = await findUnreportedRuns(store.db, -60_000);
      return found.map(({ slot }) => slot).filter((slot) => slot.startsWith('told'));
    };
    expect(await untold()).toEqual([slotOf(runId, 1)]);
    await markCloseReported(store.db, dagId, [slotOf(runId, 1)]);
    expect(await untold()).toEqual([]);
    await closeRun(store.db, { dagId, runId, attempt: 2, state: 'failed', reason: null, ends: {} });
    await markCloseReported(store.db, dagId, [slotOf(runId, 1)]);
    expect(await untold()).toEqual([slotOf(runId, 2)]);
    await markCloseReported(store.db, dagId, [slotOf(runId, 2)]);
    expect(await untold()).toEqual([]);
  });
});

describe('an open run that is marked', () => {
  it('gets that state however it ends by itself, and then updated nothing', async () => {
    const runId = await openRun('marked');
    await markRun(store.db, { dagId, runId, state: 'failed', who: 'ada', note: null });
    const before = await store.head();
    const ends = { [work.id]: 'success', [last.id]: 'success' } as const;
    await closeRun(store.db, { dagId, runId, attempt: 1, state: 'success', reason: null, ends, outlets });
    expect(await readRun(store.db, dagId, runId)).toMatchObject({
      ...{ state: 'failed', reason: 'marked failed by ada' },
    });
    expect(await store.head()).toBe(before);
  });

  it('may run again, and then ends by itself', async () => {
    const runId = await openRun('unmarked');
    await markRun(store.db, { dagId, runId, state: 'failed', who: 'ada', note: null });
    await closeRun(store.db, { dagId, runId, attempt: 1, state: 'failed', reason: 'cancelled', ends: {} });
    await openAttempt(store.db, requestOf(runId));
    await closeRun(store.db, { dagId, runId, attempt: 2, state: 'success', reason: null, ends: {} });
    expect(await readRun(store.db, dagId, runId)).toMatchObject({ state: 'success', reason: null });
  });
});
