import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { beginTry, failTry, readEnded } from '../../store/task-runs.ts';
import { aDagPlan } from '../support/plans.ts';
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
  const next = (hasTimedOut: boolean) =>
    beginTry(store.db, { ...task(), needs: [], hasTimedOut, worker: 'test' });

  it('count a lost one as no failure, however late the loss is noticed', async () => {
    await next(false);
    expect(await next(false)).toMatchObject({ kind: 'begun', try: 2, failures: 0 });
  });

  it('count one that was seen to run out of time', async () => {
    await next(false);
    expect(await next(true)).toMatchObject({ kind: 'begun', try: 2, failures: 1 });
  });

  it('are answered from the store once one of them ended it, without beginning another', async () => {
    expect(await readEnded(store.db, task())).toBeUndefined();
    await next(false);
    expect(await readEnded(store.db, task())).toBeUndefined();
    await failTry(store.db, { ...task(), try: 1 }, 'it broke', true);
    expect(await readEnded(store.db, task())).toEqual({ kind: 'ended', state: 'failed', error: 'it broke' });
  });
});
