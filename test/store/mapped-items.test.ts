import { sql } from 'kysely';
import { parseDagId, parseTaskId } from '../../core/ids.ts';
import { MappedItems } from '../../store/mapped-items.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('mapping');
const [list, each] = [parseTaskId('list'), parseTaskId('each')];

let store: TestStore;
beforeAll(async () => {
  store = await startStore([aDagPlan({ dagId })]);
});
afterAll(() => store.stop());

describe('what a task is mapped over', () => {
  it('is read some items at a time, of a list as of instances', async () => {
    const attempt = { dagId, runId: await store.request(dagId, 'many'), attempt: 1 };
    await sql`
      insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, result)
      select ${dagId}, ${attempt.runId}, 1, ${list}, -1, 'success', (select jsonb_agg(jsonb_build_array(n)) from generate_series(0, 99) as n)
      union all
      -- Of the first there is nothing to go on from.
      select ${dagId}, ${attempt.runId}, 1, ${each}, n, case n when 0 then 'failed' else 'success' end, to_jsonb(n)
      from generate_series(0, 99) as n`.execute(store.db);
    const items = new MappedItems(store.db);
    for (const index of [0, 31, 32, 98]) {
      expect(await items.read(attempt, list, index)).toEqual([index]);
      expect(await items.read(attempt, each, index)).toBe(index + 1);
    }
    expect([await items.read(attempt, list, 99), await items.read(attempt, list, 100)]).toEqual([[99], null]);
  });

  it('is given to each try as it was returned, whatever another one did to it', async () => {
    const attempt = { dagId, runId: await store.request(dagId, 'changed'), attempt: 1 };
    await sql`
      insert into task_run (dag_id, run_id, attempt, task_id, map_index, state, result)
      values (${dagId}, ${attempt.runId}, 1, ${list}, -1, 'success', '[{"rows": [1]}]')`.execute(store.db);
    const items = new MappedItems(store.db);
    const first = await items.read(attempt, list, 0);
    Object.assign(first as object, { rows: [] });
    expect(await items.read(attempt, list, 0)).toEqual({ rows: [1] });
  });
});
