import { sql } from 'kysely';
import { openDatabase } from '../../store/database.ts';
import { claimKeys, forgetKeys } from '../../store/idempotency-keys.ts';
import { Recorder } from '../../store/recorder.ts';
import type { Submission } from '../../store/recording.ts';
import { closeRun } from '../../store/runs.ts';
import { aDagPlan, anAsset, on } from '../support/plans.ts';
import { seqsOf, startStore, type TestStore } from '../support/store.ts';

// What is told twice, or by one who lost its turn, is recorded once or not at all.

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    aDagPlan({ dagId: 'by_orders', condition: on(anAsset(ORDERS)) }),
    aDagPlan({ dagId: 'by_rates', condition: on(anAsset(RATES)) }),
  ]);
});
afterAll(() => store.stop());

describe('a recorder given an idempotency key', () => {
  const keyed = (key: string, requestHash = 'same') =>
    store.submission([ORDERS], { idempotencyKey: { key, requestHash } });

  it('answers the same key with what was recorded first, and with what was asked then', async () => {
    const recorder = new Recorder(store.db);
    const [firstSeq] = seqsOf(await recorder.record(await keyed('again', 'first request')));
    expect(await recorder.record(await keyed('again', 'another request'))).toEqual({
      kind: 'repeated',
      firstSeq,
      requestHash: 'first request',
    });
  });

  it('records once when the same key comes twice in one transaction', async () => {
    const recorder = new Recorder(store.db);
    const before = await store.head();
    const submissions = [await store.submission([RATES]), await keyed('twice'), await keyed('twice')];
    const [, first, second] = await Promise.all(submissions.map((one) => recorder.record(one)));
    const [firstSeq] = seqsOf(first);
    expect(second).toEqual({ kind: 'repeated', firstSeq, requestHash: 'same' });
    expect(await store.head()).toBe(before + 2);
  });

  it('records each key once when two processes get the same ones in opposite order', async () => {
    const other = openDatabase(store.place);
    const recorders = [new Recorder(store.db), new Recorder(other)];
    const before = await store.head();
    for (let round = 0; round < 10; round += 1) {
      const names = Array.from({ length: 450 }, (_, index) => `round ${round} key ${index}`);
      const asked = await Promise.all(names.map((name) => keyed(name)));
      const recorded = await Promise.all(
        [asked, asked.toReversed()].flatMap((list, index) =>
          list.map(async (one) => recorders[index]?.record(one)),
        ),
      );
      expect(recorded.filter((one) => one?.kind === 'recorded')).toHaveLength(450);
      expect(recorded.filter((one) => one?.kind === 'repeated')).toHaveLength(450);
    }
    await other.destroy();
    expect(await store.head()).toBe(before + 10 * 450);
  });
});

describe('idempotency keys past their age', () => {
  const dayMs = 86_400_000;
  const keyed = (key: string, requestHash = 'same') =>
    store.submission([ORDERS], { idempotencyKey: { key, requestHash } });
  const age = (prefix: string, days: number) =>
    sql`update idempotency_key set created_at = clock() - ${days}::int * interval '1 day' where key like ${`${prefix}%`}`.execute(
      store.db,
    );
  const keysLike = async (prefix: string): Promise<readonly string[]> => {
    const rows = await store.db
      .selectFrom('idempotency_key')
      .select('key')
      .where('key', 'like', `${prefix}%`)
      .execute();
    return rows.map(({ key }) => key).toSorted();
  };

  it('are forgotten a batch at a time, the oldest first, and the others kept', async () => {
    const recorder = new Recorder(store.db);
    for (const key of ['aged 1', 'aged 2', 'aged 3', 'aged 4']) await recorder.record(await keyed(key));
    await age('aged', 6);
    await age('aged 2', 9);
    await age('aged 3', 8);
    expect(await forgetKeys(store.db, 7 * dayMs, 1)).toBe(1);
    expect(await keysLike('aged')).toEqual(['aged 1', 'aged 3', 'aged 4']);
    expect(await forgetKeys(store.db, 7 * dayMs, 1_000)).toBe(1);
    expect(await forgetKeys(store.db, 7 * dayMs, 1_000)).toBe(0);
    expect(await keysLike('aged')).toEqual(['aged 1', 'aged 4']);
  });

  it('are new when they come again', async () => {
    const recorder = new Recorder(store.db);
    const [first = 0] = seqsOf(await recorder.record(await keyed('returning', 'old request')));
    await age('returning', 8);
    await forgetKeys(store.db, 7 * dayMs, 1_000);
    const [second] = seqsOf(await recorder.record(await keyed('returning', 'new request')));
    expect(second).toBeGreaterThan(first);
  });

  it('are not forgotten while a request asks for them', async () => {
    const recorder = new Recorder(store.db);
    await recorder.record(await keyed('held'));
    await age('held', 8);
    const other = openDatabase(store.place);
    await store.db.transaction().execute(async (tx) => {
      expect(await claimKeys(tx, [{ key: 'held', requestHash: 'same' }])).toEqual(new Set());
      expect(await forgetKeys(other, 7 * dayMs, 1_000)).toBe(0);
    });
    expect(await forgetKeys(other, 7 * dayMs, 1_000)).toBe(1);
    await other.destroy();
  });

  it('answer every request while they are forgotten beside it', async () => {
    const other = openDatabase(store.place);
    const recorder = new Recorder(store.db);
    let isOver = false;
    const forgetting = (async () => {
      while (!isOver) await forgetKeys(other, 0, 10);
    })();
    const kinds = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      const asked = await Promise.all(Array.from({ length: 20 }, (_, index) => keyed(`busy ${index % 5}`)));
      for (const { kind } of await Promise.all(asked.map((one) => recorder.record(one)))) kinds.add(kind);
    }
    isOver = true;
    await forgetting;
    await other.destroy();
    expect(kinds).toEqual(new Set(['recorded', 'repeated']));
  });
});

describe('a recorder given the success of a try', () => {
  it('records its events with it', async () => {
    const recorder = new Recorder(store.db);
    await store.request('by_orders', 'good');
    const tried = await store.begin('by_orders', 'good', 'work');
    const success = { ...tried, result: '{"rows":1}' };
    const [seq] = seqsOf(await recorder.record(await store.submission([RATES], { success })));
    const task = await store.db
      .selectFrom('task_run')
      .select(['state', 'result'])
      .where('run_id', '=', tried.runId)
      .executeTakeFirstOrThrow();
    expect(task).toEqual({ state: 'success', result: { rows: 1 } });
    expect(seq).toBe(await store.head());
  });

  it('records nothing for a try that another one took over from', async () => {
    const recorder = new Recorder(store.db);
    await store.request('by_orders', 'zombie');
    const zombie = await store.begin('by_orders', 'zombie', 'work');
    await store.begin('by_orders', 'zombie', 'work');
    const before = await store.head();
    const success = { ...zombie, result: null };
    expect(await recorder.record(await store.submission([RATES], { success }))).toEqual({ kind: 'lost' });
    expect(await store.head()).toBe(before);
  });

  it('records nothing when the run was closed meanwhile', async () => {
    const recorder = new Recorder(store.db);
    await store.request('by_orders', 'closed');
    const tried = await store.begin('by_orders', 'closed', 'work');
    await closeRun(store.db, { ...tried, state: 'failed', reason: 'cancelled', ends: {} });
    const before = await store.head();
    const success = { ...tried, result: null };
    expect(await recorder.record(await store.submission([RATES], { success }))).toEqual({ kind: 'lost' });
    expect(await store.head()).toBe(before);
  });

  it('leaves no gap for tries that were lost beside others, however many processes record', async () => {
    const other = openDatabase(store.place);
    const recorders = [new Recorder(store.db), new Recorder(other)];
    const submissions: Submission[] = [];
    for (let index = 0; index < 30; index++) {
      await store.request('by_orders', `run_${index}`);
      const tried = await store.begin('by_orders', `run_${index}`, 'work');
      // Every third one is taken over by another try.
      if (index % 3 === 0) await store.begin('by_orders', `run_${index}`, 'work');
      const uris = index % 2 === 0 ? [RATES] : [RATES, ORDERS];
      submissions.push(await store.submission(uris, { success: { ...tried, result: null } }));
    }
    const before = await store.head();
    const outcomes = await Promise.all(
      submissions.flatMap((submission) => recorders.map((recorder) => recorder.record(submission))),
    );
    await other.destroy();
    const won = outcomes.filter(({ kind }) => kind === 'recorded');
    expect(won).toHaveLength(20);
    const recorded = won.flatMap((one) => seqsOf(one)).toSorted((a, b) => a - b);
    const head = await store.head();
    // 20 tries that nobody took over, half of them with two events, each counted by one process alone.
    expect(head).toBe(before + 30);
    expect(recorded).toEqual(Array.from({ length: 30 }, (_, index) => before + 1 + index));
    const stored = await store.db.selectFrom('asset_event').select('seq').where('seq', '>', before).execute();
    expect(stored.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(recorded);
  });

  it('counts it once when it is told twice, also in the same transaction', async () => {
    const recorder = new Recorder(store.db);
    await store.request('by_orders', 'told_twice');
    const success = { ...(await store.begin('by_orders', 'told_twice', 'work')), result: null };
    const submission = await store.submission([RATES], { success });
    const before = await store.head();
    const others = [await store.submission([ORDERS]), submission, { ...submission }, { ...submission }];
    const outcomes = await Promise.all(others.map((one) => recorder.record(one)));
    expect(outcomes.filter(({ kind }) => kind === 'lost')).toHaveLength(2);
    expect(await store.head()).toBe(before + 2);
  });
});
