import { sql } from 'kysely';
import { parseDagId } from '../../core/ids.ts';
import { claimGate } from '../../store/claim.ts';
import { findUndelivered, markSent, readUndelivered } from '../../store/deliveries.ts';
import { Recorder } from '../../store/recorder.ts';
import { aDagPlan, anAsset, anyOf, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const OTHER = 's3://lake/other';
const dagId = parseDagId('consumer');
const byOrders = aDagPlan({ dagId, condition: on(anAsset(ORDERS)) });
const byEither = aDagPlan({ dagId, condition: anyOf(anAsset(ORDERS), anAsset(RATES)) });
const mentionsAll = aDagPlan({ dagId: 'other', condition: anyOf(...[ORDERS, RATES, OTHER].map(anAsset)) });

describe('what a consumer has not been sent', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore([byOrders, mentionsAll]);
  });
  afterEach(() => store.stop());

  const read = async (looked?: Parameters<typeof readUndelivered>[2]) => {
    const ahead = await readUndelivered(store.db, dagId, looked);
    if (ahead === undefined) throw new Error('no consumer');
    return { ...ahead, seqs: ahead.deliveries.map(({ seq }) => seq) };
  };
  const postMany = async (count: number, uri: string) => {
    const { events, source } = await store.submission([uri]);
    const [event] = events;
    if (event === undefined) throw new Error('no event');
    const { rows } = await sql<{ head: number }>`
      with moved as (update log set head = head + ${count} returning head), placed as (
        insert into asset_event (seq, batch_end, asset_id, recorded_at)
        select seq, head, ${event.assetId}, clock() from moved, generate_series(head - ${count} + 1, head) as seq
      ) select head from moved`.execute(store.db);
    expect(source.kind).toBe('api');
    return rows[0]?.head ?? 0;
  };

  it('is all that was recorded for its assets, and ends where the log does', async () => {
    const [first] = await store.post(ORDERS);
    await store.post(RATES);
    const [second] = await store.post(ORDERS, OTHER);
    const head = await store.head();
    expect(await read()).toMatchObject({ seqs: [first, second], upTo: head, head, change: null });
  });

  it('holds nothing that was recorded before it subscribed', async () => {
    const [before] = await store.post(RATES);
    await store.deploy([byEither, mentionsAll]);
    const [after] = await store.post(RATES);
    const { change } = await read();
    await markSent(store.db, dagId, 0, change?.seq ?? 0);
    const { seqs } = await read();
    expect(seqs).toEqual([after]);
    expect(seqs).not.toContain(before);
  });

  it('ends before a change of definition, and goes on with the next version behind it', async () => {
    const [before] = await store.post(ORDERS);
    await store.deploy([byEither, mentionsAll]);
    const at = await store.head();
    const [after] = await store.post(RATES);

    const first = await read();
    expect(first).toMatchObject({
      version: 1,
      seqs: [before],
      upTo: at - 1,
      change: { version: 2, seq: at },
    });
    await markSent(store.db, dagId, first.epoch, at);
    expect(await read()).toMatchObject({ version: 2, seqs: [after], upTo: after, change: null });
  });

  it('never ends within a batch, however long the backlog', async () => {
    const ends = [];
    for (const size of [9_000, 9_000, 9_000]) ends.push(await postMany(size, ORDERS));
    const first = await read();
    expect({ upTo: first.upTo, count: first.seqs.length }).toEqual({ upTo: ends[1], count: 18_000 });
    await markSent(store.db, dagId, first.epoch, first.upTo);
    const second = await read();
    expect({ upTo: second.upTo, count: second.seqs.length }).toEqual({ upTo: ends[2], count: 9_000 });
  });

  it('is found in one step, however long a stretch was for others', async () => {
    await postMany(60_000, OTHER);
    const [mine] = await store.post(ORDERS);
    expect(await read()).toMatchObject({ seqs: [mine], upTo: mine });
  });

  it('begins again where a new life begins, however far was looked for the life before', async () => {
    const [first, second] = [await store.post(ORDERS), await store.post(ORDERS)].flat();
    const ahead = await read();
    await markSent(store.db, dagId, ahead.epoch, ahead.upTo);
    await claimGate(store.db, dagId);
    expect(await read(ahead)).toMatchObject({ epoch: 1, seqs: [first, second] });
  });

  it('is not moved on by whoever sent to an earlier life', async () => {
    await store.post(ORDERS);
    const { epoch, upTo, sent } = await read();
    await claimGate(store.db, dagId);
    await markSent(store.db, dagId, epoch, upTo);
    expect(await read()).toMatchObject({ sent });
  });

  it('never moves back', async () => {
    await store.post(ORDERS);
    const { epoch, upTo } = await read();
    await markSent(store.db, dagId, epoch, upTo);
    await markSent(store.db, dagId, epoch, upTo - 1);
    expect(await read()).toMatchObject({ sent: upTo, seqs: [] });
  });

  it('is found by a sweep until it was sent', async () => {
    expect(await findUndelivered(store.db)).toEqual([]);
    await store.post(ORDERS);
    expect(await findUndelivered(store.db)).toEqual(expect.arrayContaining([dagId, 'other']));
    const { epoch, upTo } = await read();
    await markSent(store.db, dagId, epoch, upTo);
    expect(await findUndelivered(store.db)).toEqual(['other']);
    await store.deploy([byEither, mentionsAll]);
    expect(await findUndelivered(store.db)).toEqual(expect.arrayContaining([dagId]));
  });

  it('is announced to those who wait for the asset, and no others', async () => {
    const recorder = new Recorder(store.db);
    expect(await recorder.record(await store.submission([RATES]))).toMatchObject({ subscribers: ['other'] });
    const both = await store.submission([ORDERS, RATES]);
    expect(await recorder.record(both)).toMatchObject({
      subscribers: expect.arrayContaining([dagId, 'other']),
    });
  });
});
