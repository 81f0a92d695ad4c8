import { sql } from 'kysely';
import { parseDagId } from '../../core/ids.ts';
import { recall } from '../../store/recall.ts';
import { allOf, aDagPlan, anAsset } from '../support/plans.ts';
import { openExplained } from '../support/query-cost.ts';
import { startStore, type TestStore } from '../support/store.ts';

// Right after a burst of new keys Postgres has no statistics of them yet, and that is when a gate lets go of keys and has them back.

const dagId = parseDagId('by_key');
const keys = 2_000;

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    aDagPlan({ dagId, condition: allOf(anAsset('s3://recall/a'), anAsset('s3://recall/b')) }),
  ]);
  await sql`alter table accepted_event set (autovacuum_enabled = off)`.execute(store.db);
  await sql`
    insert into asset_event (seq, batch_end, asset_id, recorded_at, partition_key)
    select n + 100, n + 100, (select min(id) from asset), clock(), 'k' || n from generate_series(1, ${keys}::int) n`.execute(
    store.db,
  );
  await sql`
    insert into accepted_event (subscription_id, key, seq, leaves)
    select s.id, 'k' || n, n + 100, array['a'] from subscription s cross join generate_series(1, ${keys}::int) n`.execute(
    store.db,
  );
  await sql`update subscription set live_after_seq = 0, judged_after = 0`.execute(store.db);
});
afterAll(() => store.stop());

describe('what a gate let go of', () => {
  const gate = { watermark: keys + 100, queued: {}, ignored: [] };

  it('is read key by key, whichever keys are asked for', async () => {
    const explained = openExplained(store.place);
    const some = Array.from({ length: 500 }, (_, index) => `k${index + 1}`);
    const few = await explained.costOf('accepted_event', () => recall(explained.db, dagId, gate, some));
    // At most the table once: it is small.
    expect(few.read).toBeLessThanOrEqual(2 * keys);
    const all = await explained.costOf('accepted_event', () => recall(explained.db, dagId, gate, null));
    // Each key is found once and read once.
    expect(all.read).toBeLessThan(4 * keys + 10);
    await explained.db.destroy();
  });
});
