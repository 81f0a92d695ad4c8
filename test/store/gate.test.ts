import { parseDagId } from '../../core/ids.ts';
import { readConsumer } from '../../store/gate.ts';
import { aDagPlan, allOf, anAsset, anyOf } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const OTHER = 's3://lake/other';
const dagId = parseDagId('consumer');

describe('the gate as the log has it', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startStore([aDagPlan({ dagId, condition: allOf(anAsset(ORDERS), anAsset(RATES)) })]);
  });
  afterAll(() => store.stop());

  it('is unknown for a DAG that was never deployed', async () => {
    expect(await readConsumer(store.db, parseDagId('nobody'))).toBeUndefined();
  });

  it('counts what was recorded since the checkpoint, without any worker', async () => {
    const [first] = await store.post(ORDERS);
    const [last] = await store.post(ORDERS);
    const current = await readConsumer(store.db, dagId);
    expect(current?.consumer.gate.queued).toEqual({
      [await store.leaf(dagId, ORDERS)]: {
        ...{ count: 2, firstSeq: first, lastSeq: last },
        ...{ firstAt: expect.any(Number), lastAt: expect.any(Number) },
      },
    });
    expect(current?.definition).toMatchObject({ version: 1 });
  });

  it('is judged by the newest definition, also before its consumer has heard of it', async () => {
    await store.deploy([aDagPlan({ dagId, condition: anyOf(anAsset(RATES), anAsset(OTHER)) })]);
    await store.post(OTHER);
    const current = await readConsumer(store.db, dagId);
    expect(current?.definition).toMatchObject({ version: 2 });
    expect(current?.consumer.gate).toMatchObject({
      condition: current?.definition.condition,
      queued: { [await store.leaf(dagId, OTHER)]: { count: 1 } },
    });
    expect(Object.keys(current?.consumer.gate.queued ?? {})).toHaveLength(1);
  });

  it('tells runs that hold a slot from those that wait for one', async () => {
    await store.request(dagId, 'by_hand');
    const current = await readConsumer(store.db, dagId);
    expect(current?.consumer).toMatchObject({ activeRuns: [], hasRequests: true, isPaused: false });
  });
});
