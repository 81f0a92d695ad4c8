import { sql } from 'kysely';
import { parseDagId, parseTaskId, type RunId } from '../../core/ids.ts';
import { listLeases, listWaits } from '../../store/pool-queries.ts';
import { findDeadLeases, findDuePools, findUntold } from '../../store/pool-sweep.ts';
import { writePools } from '../../store/pools.ts';
import { settlePool } from '../../store/settle-pool.ts';
import { aDagPlan } from '../support/plans.ts';
import { type ExplainedDb, openExplained } from '../support/query-cost.ts';
import { startStore, type TestStore } from '../support/store.ts';

// What a decision about a pool reads must not grow with how many wait.

const dagId = parseDagId('waits');
const taskId = parseTaskId('work');
const waiting = 20_000;
const keys = 400;

let store: TestStore;
let explained: ExplainedDb;
let runId: RunId;
const ask = (mapIndex: number, key: string) => ({
  ...{ dagId, runId, attempt: 1, taskId, mapIndex, key, slots: 1, workflowId: 'w' },
});

beforeAll(async () => {
  store = await startStore([aDagPlan({ dagId })]);
  runId = await store.request(dagId, 'open');
  await store.db.transaction().execute((tx) =>
    writePools(tx, [
      { name: 'busy', slots: 2, slotsPerKey: 1 },
      { name: 'idle', slots: 1 },
    ]),
  );
  await settlePool(store.db, 'busy', { asks: [ask(-3, 'key 1'), ask(-2, 'key 2')], returns: [] });
  await sql`
    insert into pool_lease (dag_id, run_id, attempt, task_id, map_index, pool, key, slots, workflow_id)
    select ${dagId}, ${runId}, 1, ${taskId}, n, 'busy', 'key ' || n % ${keys}::int, 1, 'w' from generate_series(1, ${waiting}::int) n`.execute(
    store.db,
  );
  await sql`
    insert into pool_key select 'busy', 'key ' || n, 0, 1, 1000 + n from generate_series(0, ${keys - 1}::int) n
    on conflict (pool, key) do update set next_slots = 1`.execute(store.db);
  await sql`analyze`.execute(store.db);
  explained = openExplained(store.place);
});
afterAll(async () => {
  await explained.db.destroy();
  await store.stop();
});

describe('with 20,000 that wait', () => {
  it('giving one slot to the next reads a few rows', async () => {
    for (const mapIndex of [-3, -2]) {
      const settle = () =>
        settlePool(explained.db, 'busy', {
          asks: [],
          returns: [{ dagId, runId, attempt: 1, taskId, mapIndex }],
        });
      const leases = await explained.costOf('pool_lease', settle);
      expect(leases.read).toBeLessThan(20);
      expect(leases.scans).not.toContain('Seq Scan');
    }
    const again = () => settlePool(explained.db, 'busy', { asks: [], returns: [] });
    expect((await explained.costOf('pool_key', again)).read).toBeLessThan(20);
  });

  it('asking for one more reads no more than those that are counted before it', async () => {
    const asked = await explained.costOf('pool_lease', () =>
      settlePool(explained.db, 'busy', { asks: [ask(waiting + 1, 'new')], returns: [] }),
    );
    expect(asked.read).toBeLessThan(1_100);
    const elsewhere = await explained.costOf('pool_lease', () =>
      settlePool(explained.db, 'idle', { asks: [ask(waiting + 2, 'new')], returns: [] }),
    );
    expect(elsewhere.read).toBeLessThan(20);
  });

  it('sweeps, lists and whoever asks why read what they answer', async () => {
    const costOf = async (call: () => Promise<unknown>) => (await explained.costOf('pool_lease', call)).read;
    expect(await costOf(() => findUntold(explained.db, 0))).toBeLessThan(20);
    expect((await explained.costOf('pool', () => findDuePools(explained.db))).read).toBeLessThan(5);
    expect(await costOf(() => listLeases(explained.db, 'busy', { isHeld: false, limit: 10 }))).toBeLessThan(
      20,
    );
    const other = await store.request(dagId, 'other');
    await settlePool(store.db, 'busy', { asks: [{ ...ask(0, 'key 9'), runId: other }], returns: [] });
    expect(await costOf(() => listWaits(explained.db, { dagId, runId: other, attempt: 1 }))).toBeLessThan(
      1_100,
    );
  });

  it('finds none of them dead', async () => {
    expect((await findDeadLeases(store.db)).size).toBe(0);
  });
});
