import { sql } from 'kysely';
import { openDatabase } from '../../store/database.ts';
import { Recorder } from '../../store/recorder.ts';
import { setClock } from '../support/clock.ts';
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
      await setClock(store.db, new Date(at));
      posts.push(await store.post(ORDERS));
    }
    await setClock(store.db, 'real');
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
});
