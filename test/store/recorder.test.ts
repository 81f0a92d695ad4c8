import { sql } from 'kysely';
import { openDatabase } from '../../store/database.ts';
import { Recorder } from '../../store/recorder.ts';
import type { Submission } from '../../store/recording.ts';
import { closeRun } from '../../store/runs.ts';
import { aDagPlan, anAsset, on } from '../support/plans.ts';
import { seqsOf, startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';

describe('a recorder', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startStore([
      aDagPlan({ dagId: 'by_orders', condition: on(anAsset(ORDERS)) }),
      aDagPlan({ dagId: 'by_rates', condition: on(anAsset(RATES)) }),
    ]);
  });
  afterAll(() => store.stop());

  const eventsAt = async (seqs: readonly number[]) => {
    const { rows } = await sql<{ seq: number; batch_end: number; transaction: string }>`
      select seq, batch_end, xmin::text as transaction from asset_event
      where seq = any(${seqs}::bigint[]) order by seq`.execute(store.db);
    return rows;
  };

  it('writes what comes while it writes in one transaction, each submission a batch of its own', async () => {
    const recorder = new Recorder(store.db);
    const submissions = await Promise.all(
      [[ORDERS], [ORDERS, RATES], [RATES], [RATES, RATES, ORDERS]].map((uris) => store.submission(uris)),
    );
    const recorded = await Promise.all(submissions.map((submission) => recorder.record(submission)));

    const [alone = [], ...together] = recorded.map(seqsOf);
    const events = await eventsAt(together.flat());
    expect(new Set(events.map(({ transaction }) => transaction)).size).toBe(1);
    const [{ transaction } = { transaction: '' }] = await eventsAt(alone);
    expect(events.map((event) => event.transaction)).not.toContain(transaction);
    for (const seqs of together) {
      const batch = events.filter(({ batch_end }) => batch_end === seqs.at(-1));
      expect(batch.map(({ seq }) => seq)).toEqual(seqs);
    }
  });

  it('gives positions without a gap, in commit order, however many record at once', async () => {
    const other = openDatabase(store.place);
    const recorders = [new Recorder(store.db), new Recorder(other)];
    const before = await store.head();
    const submissions = await Promise.all([
      store.submission([ORDERS]),
      store.submission([ORDERS, RATES]),
      store.submission([RATES, RATES, RATES]),
    ]);
    let isDone = false;
    const recording = Promise.all(
      recorders.map(async (recorder) => {
        for (let round = 0; round < 40; round += 1) {
          await Promise.all(submissions.map((submission) => recorder.record(submission)));
        }
      }),
    ).finally(() => {
      isDone = true;
    });
    const seen: { head: number; last: number; count: number }[] = [];
    while (!isDone) {
      const { rows } = await sql<{ head: number; last: number; count: number }>`
        select (select head from log) as head, coalesce(max(seq), ${before}::bigint) as last, count(*) as count
        from asset_event where seq > ${before}`.execute(store.db);
      seen.push(...rows);
    }
    await recording;
    await other.destroy();

    expect(await store.head()).toBe(before + 2 * 40 * 6);
    // Whoever looks at any moment sees everything up to the last position.
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.filter(({ last, count }) => count !== last - before)).toEqual([]);
    expect(seen.filter(({ head, last }) => head !== last)).toEqual([]);
  });

  it('never writes a time below that of the entry before, whatever the clock says', async () => {
    const setClock = (at: string) =>
      sql
        .raw(
          `create or replace function clock() returns timestamptz language sql volatile as 'select timestamptz ''${at}'''`,
        )
        .execute(store.db);
    const timesOf = async (posts: readonly (readonly number[])[]) => {
      const rows = await store.db
        .selectFrom('asset_event')
        .select(['seq', 'recorded_at'])
        .where('seq', 'in', posts.flat())
        .orderBy('seq')
        .execute();
      return rows.map(({ recorded_at }) => recorded_at.toISOString());
    };
    const posts = [];
    for (const at of ['2100-01-01T00:00:00Z', '2099-12-31T00:00:00Z', '2100-01-01T00:00:01Z']) {
      await setClock(at);
      posts.push(await store.post(ORDERS));
    }
    await sql
      .raw(
        `create or replace function clock() returns timestamptz language sql volatile as 'select clock_timestamp()'`,
      )
      .execute(store.db);
    await sql`update log set at = clock_timestamp()`.execute(store.db);

    expect(await timesOf(posts)).toEqual([
      '2100-01-01T00:00:00.000Z',
      '2100-01-01T00:00:00.000Z',
      '2100-01-01T00:00:01.000Z',
    ]);
  });

  it('fails one submission that Postgres refuses, and records those beside it', async () => {
    const recorder = new Recorder(store.db);
    const good = await store.submission([ORDERS]);
    const [event] = good.events;
    if (event === undefined) throw new Error('no event');
    const bad = { ...good, events: [{ ...event, extra: { text: 'a \u0000 in it' } }] };
    const before = await store.head();

    const outcomes = await Promise.allSettled([good, good, bad, good].map((one) => recorder.record(one)));

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await store.head()).toBe(before + 3);
  });

  it('leaves what would make a transaction too large to the next one', async () => {
    const recorder = new Recorder(store.db);
    const few = await store.submission([RATES]);
    const [event] = few.events;
    if (event === undefined) throw new Error('no event');
    const many = { ...few, events: Array.from({ length: 9_999 }, () => event) };
    const [, ...grouped] = await Promise.all(
      [few, many, many, few, few, few, many].map((one) => recorder.record({ ...one })),
    );
    const events = await eventsAt(grouped.map((recorded) => seqsOf(recorded)[0] ?? 0));
    const [first, , , , next] = events.map(({ transaction }) => transaction);
    expect(events.map(({ transaction }) => transaction)).toEqual([first, first, first, first, next, next]);
    expect(next).not.toBe(first);
  });

  describe('when Postgres refuses one of a group', () => {
    beforeAll(async () => {
      await sql`create function refuse() returns trigger language plpgsql as ${sql.lit(`begin
        if new.extra ? 'refuse' then raise exception 'refused' using errcode = new.extra->>'refuse'; end if;
        return new;
      end`)}`.execute(store.db);
      await sql`create trigger refuse before insert on asset_event for each row execute function refuse()`.execute(
        store.db,
      );
    });
    afterAll(() => sql`drop function refuse cascade`.execute(store.db));

    const recordBeside = async (code: string) => {
      const recorder = new Recorder(store.db);
      const good = await store.submission([ORDERS]);
      const bad = { ...good, events: good.events.map((event) => ({ ...event, extra: { refuse: code } })) };
      const outcomes = await Promise.allSettled([good, good, bad, good].map((one) => recorder.record(one)));
      return outcomes.map(({ status }) => status);
    };

    it.each(['P0001', '23503', '40P01', '54000', 'XX000'])('fails that one alone with %s', async (code) => {
      const before = await store.head();
      expect(await recordBeside(code)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
      expect(await store.head()).toBe(before + 3);
    });

    it.each(['08006', '53100', '57014'])('tries none of them again with %s, an outage', async (code) => {
      const before = await store.head();
      expect(await recordBeside(code)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
      expect(await store.head()).toBe(before + 1);
    });
  });

  describe('given an idempotency key', () => {
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

  describe('given the success of a try', () => {
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
      const stored = await store.db
        .selectFrom('asset_event')
        .select('seq')
        .where('seq', '>', before)
        .execute();
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
});
