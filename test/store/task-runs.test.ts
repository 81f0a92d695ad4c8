import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { Recorder } from '../../store/recorder.ts';
import type { TaskTry } from '../../store/recording.ts';
import { failTry, readEnded, Tries } from '../../store/task-runs.ts';
import { aDagPlan } from '../support/plans.ts';
import { readStoredResult } from '../../store/stored-result.ts';
import { countItems } from '../../store/task-results.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('a_dag');

describe('the tries of a task', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore([aDagPlan({ dagId })]);
    await store.request('a_dag', 'a_run');
  });
  afterEach(() => store.stop());

  const task = () => ({ dagId, runId: parseRunId(dagId, 'a_run'), attempt: 1, taskId: parseTaskId('work') });
  const next = (timeoutMs: number | null) => new Tries(store.db, 'test').begin({ ...task(), timeoutMs });

  it('count a lost one as no failure', async () => {
    await next(60_000);
    expect(await next(60_000)).toMatchObject({ kind: 'begun', try: 2, failures: 0 });
  });

  it('count the third one that is found running after its time-out: the first two may have lost their workers', async () => {
    await next(0);
    expect(await next(0)).toMatchObject({ kind: 'begun', try: 2, failures: 0 });
    expect(await next(0)).toMatchObject({ kind: 'begun', try: 3, failures: 0 });
    expect(await next(0)).toMatchObject({ kind: 'begun', try: 4, failures: 1 });
    expect(await next(0)).toMatchObject({ kind: 'begun', try: 5, failures: 2 });
  });

  it('are answered from the store once one of them ended it, without beginning another', async () => {
    expect(await readEnded(store.db, task())).toBeUndefined();
    await next(null);
    expect(await readEnded(store.db, task())).toBeUndefined();
    await failTry(store.db, { ...task(), try: 1 }, 'it broke', true);
    expect(await readEnded(store.db, task())).toEqual({
      ...{ kind: 'ended', state: 'failed', error: 'it broke', result: null },
    });
  });

  it('of instances leave a result each, which are as many items', async () => {
    const recorder = new Recorder(store.db);
    const endedWith = (tried: TaskTry, result: object) =>
      store.submission([], { success: { ...tried, result: JSON.stringify(result) } });
    for (const mapIndex of [0, 1, 2]) {
      const instance = { ...task(), mapIndex };
      await new Tries(store.db, 'test').begin({ ...instance, timeoutMs: null });
      if (mapIndex < 2) await recorder.record(await endedWith({ ...instance, try: 1 }, { index: mapIndex }));
    }
    expect(await readStoredResult(store.db, { ...task(), mapIndex: 1 })).toEqual({ index: 1 });
    expect(await readStoredResult(store.db, { ...task(), mapIndex: 2 })).toBeNull();
    expect(await readStoredResult(store.db, task())).toBeNull();
    expect(await countItems(store.db, task(), task().taskId)).toEqual({ kind: 'list', count: 2 });
  });
});
