import { parseDagId } from '../../core/ids.ts';
import { listRuns } from '../../store/run-queries.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('load');

describe('runs in order of an instant', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startStore([aDagPlan({ dagId })]);
    const startedAt = { early: new Date('2026-01-01'), waiting: null, late: new Date('2026-01-02') };
    for (const [name, started_at] of Object.entries(startedAt)) {
      const runId = await store.request(dagId, name);
      await store.db.updateTable('run').set({ started_at }).where('run_id', '=', runId).execute();
    }
  });
  afterAll(() => store.stop());

  it.each([
    [false, ['early', 'late', 'waiting']],
    [true, ['late', 'early', 'waiting']],
  ])('end with those that have none, also descending (%s)', async (descending, expected) => {
    const orderBy = [{ field: 'start_date', descending }] as const;
    const runs = await listRuns(store.db, { dagId }, { limit: 10, offset: 0, orderBy });
    expect(runs.map(({ run_id }) => run_id)).toEqual(expected);
  });
});
