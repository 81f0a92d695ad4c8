import { parseDagId, parseRunId } from '../../core/ids.ts';
import { openDatabase } from '../../store/database.ts';
import { closeRun, type RunClosing } from '../../store/runs.ts';
import { aDagPlan, anAsset, aTaskPlan, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

// A run that succeeds updates the outlets that its DAG has as a whole.

const WHOLE = anAsset('s3://lake/whole');
const OTHER = anAsset('s3://lake/other');
const outlets = [
  { asset: WHOLE, extra: {} },
  { asset: OTHER, extra: { unit: 'row' } },
];

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    { ...aDagPlan({ dagId: 'whole' }), run: { tasks: [aTaskPlan('work'), aTaskPlan('last')], outlets } },
    aDagPlan({ dagId: 'reader', condition: on(OTHER) }),
  ]);
});
afterAll(() => store.stop());

async function closing(name: string, rest: Partial<RunClosing> = {}): Promise<RunClosing> {
  await store.request('whole', name);
  const { taskId, ...run } = await store.begin('whole', name, 'work');
  return { ...run, state: 'success', reason: null, ends: { [taskId]: 'success' }, outlets, ...rest };
}

const recordedBy = async (runId: string) =>
  store.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_id')
    .select(['seq', 'batch_end', 'uri', 'asset_event.extra', 'source_dag_id', 'source_task_id'])
    .where('source_run_id', '=', parseRunId(parseDagId('whole'), runId))
    .orderBy('seq')
    .execute();

describe('closing a run with success', () => {
  it('records what it updated as a whole, as one batch, and says who waits for it', async () => {
    expect(await closeRun(store.db, await closing('good'))).toEqual({
      wasOpen: true,
      subscribers: ['reader'],
    });
    const head = await store.head();
    const whole = { batch_end: head, source_dag_id: 'whole', source_task_id: null };
    expect(await recordedBy('good')).toEqual([
      { ...whole, seq: head - 1, uri: WHOLE.uri, extra: {} },
      { ...whole, seq: head, uri: OTHER.uri, extra: { unit: 'row' } },
    ]);
  });

  it('records it once, however often and by however many processes it is told', async () => {
    const other = openDatabase(store.place);
    const told = await closing('again');
    const before = await store.head();
    const answers = await Promise.all([store.db, other, store.db, other].map((db) => closeRun(db, told)));
    answers.push(await closeRun(store.db, told));
    await other.destroy();
    expect(answers.filter(({ wasOpen }) => wasOpen)).toHaveLength(1);
    expect(await store.head()).toBe(before + 2);
    expect(await recordedBy('again')).toHaveLength(2);
  });

  it('closes the tasks that never started in the same transaction', async () => {
    const told = await closing('skipped');
    const last = aTaskPlan('last').id;
    await closeRun(store.db, { ...told, ends: { ...told.ends, [last]: 'skipped' } });
    expect(await recordedBy('skipped')).toHaveLength(2);
    const tasks = store.db.selectFrom('task_run').select('state').where('run_id', '=', told.runId);
    expect(await tasks.where('task_id', '=', last).execute()).toEqual([{ state: 'skipped' }]);
  });

  it('records nothing where there is nothing to record, and nothing of a run of another attempt', async () => {
    const before = await store.head();
    expect(await closeRun(store.db, await closing('none', { outlets: [] }))).toMatchObject({ wasOpen: true });
    expect(await closeRun(store.db, { ...(await closing('retried')), attempt: 2 })).toEqual({
      ...{ wasOpen: false, subscribers: [] },
    });
    expect(await store.head()).toBe(before);
  });

  it('leaves the run open when an outlet was never deployed', async () => {
    const told = await closing('unknown', { outlets: [{ asset: anAsset('s3://lake/nobody'), extra: {} }] });
    await expect(closeRun(store.db, told)).rejects.toThrow('asset s3://lake/nobody was never deployed');
    const run = store.db.selectFrom('run').select('state').where('run_id', '=', told.runId);
    expect(await run.execute()).toEqual([{ state: 'running' }]);
  });
});
