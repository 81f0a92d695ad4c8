import { sql } from 'kysely';
import { parseDagId } from '../../core/ids.ts';
import { prune } from '../../store/prune.ts';
import { aDagPlan, anAsset, on } from '../support/plans.ts';
import { openExplained } from '../support/query-cost.ts';
import { startStore, type TestStore } from '../support/store.ts';

// What is deleted must be found by index: a day's prune costs what it deletes, however much there is.

const dagId = parseDagId('many');
const asset = 's3://prune/many';
const count = 20_000;

let store: TestStore;
beforeAll(async () => {
  store = await startStore([aDagPlan({ dagId, condition: on(anAsset(asset)) })]);
  await sql`
    insert into asset_event (seq, batch_end, asset_id, recorded_at)
    select n + 10, n + 10, (select id from asset), clock() - interval '1 day' * (20000 - n) / 100 from generate_series(1, ${count}::int) n`.execute(
    store.db,
  );
  await sql`update log set head = ${count + 10}`.execute(store.db);
  await sql`
    insert into run (dag_id, run_id, state, trigger, version, ended_at, is_close_reported)
    select ${dagId}, 'r' || n, 'success', 'asset', 1, clock() - interval '1 day' * (20000 - n) / 100, true from generate_series(1, ${count}::int) n`.execute(
    store.db,
  );
  await sql`
    insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, version, at)
    select (select id from subscription), n + 9, n + 10, ${dagId}, 'consumed', 1, 'r' || n, 1, clock() - interval '1 day' * (20000 - n) / 100 from generate_series(1, ${count}::int) n`.execute(
    store.db,
  );
  await sql`
    update consumer set sent = ${count + 10},
      checkpoint = jsonb_set(checkpoint, '{gate,watermark}', to_jsonb(${count + 10}::bigint))`.execute(
    store.db,
  );
  await sql`analyze`.execute(store.db);
});
afterAll(() => store.stop());

describe('a prune of 1 % of 20,000 runs and events', () => {
  it('looks at little more than it deletes', async () => {
    const explained = openExplained(store.place);
    const plan = { runsMs: 198 * 86_400_000, eventsMs: 198 * 86_400_000 };
    const would = await prune(explained.db, plan, { isDry: true });
    expect(would).toMatchObject({ run: 200, asset_event: 200, consumption: 200 });
    // Intervals are gone through whole, in steps: which of them are old is not known by index.
    const limits = { run: 6_000, asset_event: 6_000, consumption: 1.2 * count } as const;
    for (const table of ['run', 'asset_event', 'consumption'] as const) {
      const { read, scans } = await explained.costOf(table, () => prune(explained.db, plan, { isDry: true }));
      expect({ table, isScanned: scans.includes('Seq Scan') }).toEqual({ table, isScanned: false });
      expect(read).toBeLessThan(limits[table]);
    }
    await explained.db.destroy();
  });

  it('deletes in transactions of at most 200 runs and 1,000 events', async () => {
    const steps: Readonly<Record<string, number>>[] = [];
    const plan = { runsMs: 150 * 86_400_000, eventsMs: 150 * 86_400_000 };
    const went = await prune(store.db, plan, { onStep: (removed) => void steps.push(removed) });
    expect(went).toMatchObject({ run: 5_000, asset_event: 5_000, consumption: 5_000 });
    expect(Math.max(...steps.map(({ run = 0 }) => run))).toBe(200);
    expect(Math.max(...steps.map(({ asset_event = 0 }) => asset_event))).toBe(1_000);
  });
});
