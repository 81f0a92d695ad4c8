import { sql } from 'kysely';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { readTaskBehind } from '../../store/task-behind.ts';
import { aDagPlan } from '../support/plans.ts';
import { openExplained } from '../support/query-cost.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('make');
const runId = parseRunId(dagId, 'a_run');
const make = { kind: 'task', dagId, runId, taskId: parseTaskId('make') } as const;
/** When the first attempt began; the others did a minute later each. */
const beganAt = Date.parse('2026-01-01T00:00:00Z');
const minuteMs = 60_000;

let store: TestStore;
beforeAll(async () => {
  store = await startStore([aDagPlan({ dagId })]);
  await store.request('make', 'a_run');
  await store.db.updateTable('run').set({ attempt: 3 }).execute();
  // Each attempt has the task once, and ten thousand instances of another one; the third kept the task of the second.
  await sql`
    insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, try, started_at, result, ran_in)
    select ${dagId}, ${runId}, a, t.id, i, 'success', 1,
      ${new Date(beganAt)}::timestamptz + interval '1 minute' * (least(a, 2) - 1), to_jsonb(least(a, 2)), case a when 3 then 2 end
    from generate_series(1, 3) a cross join (values ('make', -1, -1), ('each', 0, 9999)) t (id, low, high)
    cross join generate_series(t.low, t.high) i`.execute(store.db);
  await sql`analyze`.execute(store.db);
});
afterAll(() => store.stop());

describe('the task behind an event', () => {
  it.each([
    ['just as the first attempt began it', 0, 1],
    ['as the first attempt ended it', 30_000, 1],
    ['in the second attempt, though a later one kept the task', minuteMs + 1, 2],
  ])('is that of the attempt that recorded it: %s', async (_, afterMs, attempt) => {
    const recordedAt = beganAt + afterMs;
    expect(await readTaskBehind(store.db, { recordedAt }, make)).toMatchObject({ attempt, result: attempt });
  });

  it('is none before it began, and none of a run that is not there', async () => {
    expect(await readTaskBehind(store.db, { recordedAt: beganAt - 1 }, make)).toBeUndefined();
    const gone = { ...make, runId: parseRunId(dagId, 'gone') };
    expect(await readTaskBehind(store.db, { recordedAt: beganAt }, gone)).toBeUndefined();
  });

  it('is found without reading what else its run has', async () => {
    const explained = openExplained(store.place);
    const ask = () => readTaskBehind(explained.db, { recordedAt: beganAt + minuteMs }, make);
    const { read, scans } = await explained.costOf('task_run', ask);
    await explained.db.destroy();
    expect(read).toBeLessThanOrEqual(3);
    expect(scans).not.toContain('Seq Scan');
  });
});
