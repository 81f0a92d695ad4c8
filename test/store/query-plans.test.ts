import { type RawBuilder, sql } from 'kysely';
import { type DagId, parseDagId, parseRunId, type RunId } from '../../core/ids.ts';
import { listAssets } from '../../store/asset-queries.ts';
import type { Db } from '../../store/database.ts';
import { findUndelivered, readUndelivered } from '../../store/deliveries.ts';
import { countEvents, findEvent, listConsumedEvents, listEvents } from '../../store/event-queries.ts';
import { readConsumer } from '../../store/gate.ts';
import { listRuns } from '../../store/run-queries.ts';
import type { SourceId } from '../../store/source-ids.ts';
import { countRecorded, positionBefore, readRecorded } from '../../store/recorded-events.ts';
import { countConsumed, readConsumed } from '../../store/triggering-events.ts';
import { aDagPlan, allOf, anAlias, anAsset, on } from '../support/plans.ts';
import { type ExplainedDb, openExplained } from '../support/query-cost.ts';
import { startStore, type TestStore } from '../support/store.ts';

// A query may be slow in a large log only, and only where events lie in an unlucky way. So this asks Postgres how it goes about the
// queries that are made all the time, in two logs: what they read must not grow with what they do not return.

const BUSY = 's3://lake/busy';
/** Updated three times at the beginning and once at the end. */
const RARE = 's3://lake/rare';
/** Updated by every other event, and then no more. */
const STALE = 's3://lake/stale';
const onRare = parseDagId('on_rare');
const onStale = parseDagId('on_stale');
const onAll = parseDagId('on_all');
/** Waits for what came through the aliases of the events of RARE and of STALE. */
const onAliases = parseDagId('on_aliases');

const events = 50_000;
const otherAssets = 50;
const allAssets = 3 + otherAssets;
/** Behind the last event of STALE. */
const later = 40_010;

const isRare = sql`n in (10, 20, 30, ${events - 10}::int)`;
/** Asset of the n-th event. */
const layouts: readonly (readonly [string, RawBuilder<string>])[] = [
  [
    'of two assets',
    sql`case when ${isRare} then ${RARE} when n <= 40000 and n % 2 = 0 then ${STALE} else ${BUSY} end`,
  ],
  [
    'of many assets',
    sql`case when ${isRare} then ${RARE} when n <= 40000 and n % 2 = 0 then ${STALE} when n % 7 = 0 then ${BUSY}
      else 'other ' || n % ${otherAssets}::int end`,
  ],
];

describe.each(layouts)('in a log of 50,000 events, mostly %s,', (_layout, assetOfEvent) => {
  let store: TestStore;
  let explained: ExplainedDb;
  let head: number;
  let idOf: (asset: string) => Promise<number>;

  beforeAll(async () => {
    store = await startStore([
      aDagPlan({ dagId: onAll, condition: allOf(anAsset(RARE), anAsset(BUSY), anAsset(STALE)) }),
      aDagPlan({ dagId: onRare, condition: on(anAsset(RARE)) }),
      aDagPlan({ dagId: onStale, condition: on(anAsset(STALE)) }),
      aDagPlan({ dagId: onAliases, condition: allOf(anAlias('rare'), anAlias('stale')) }),
    ]);
    await fill(store.db, assetOfEvent);
    head = await store.head();
    await addRun(store.db, onStale, { after: 100, upTo: head });
    await addRun(store.db, onAll, { after: 40_000, upTo: 40_100 });
    await addRun(store.db, onAliases, { after: 100, upTo: head });
    await sql`analyze`.execute(store.db);
    explained = openExplained(store.place);
    idOf = async (name) => {
      const asset = store.db.selectFrom('asset').select('id').where('name', '=', name);
      return (await asset.executeTakeFirstOrThrow()).id;
    };
  });
  afterAll(async () => {
    await explained.db.destroy();
    await store.stop();
  });

  /** How many events, or rows of another table, Postgres looks at to answer a call. */
  const reads = async (
    call: (db: Db) => Promise<unknown>,
    table: 'asset_event' | 'asset_event_alias' | 'run' = 'asset_event',
  ): Promise<number> => {
    const { read, scans } = await explained.costOf(table, () => call(explained.db));
    if (scans.includes('Seq Scan')) throw new Error('it goes through the whole table');
    return read;
  };
  /** The same of events and of what came through aliases, whichever is more. */
  const readsAll = async (call: (db: Db) => Promise<unknown>): Promise<number> =>
    Math.max(await reads(call, 'asset_event_alias'), await reads(call, 'asset_event'));
  const sourceIdOf = async (name: string): Promise<SourceId> => {
    if (!name.startsWith('alias ')) return { asset_id: await idOf(name), alias_id: null };
    const alias = store.db.selectFrom('asset_alias').select('id').where('name', '=', name.slice(6));
    return { asset_id: null, alias_id: (await alias.executeTakeFirstOrThrow()).id };
  };
  /** Everything up to a position was sent to these consumers, and counted by them. */
  const stand = async (dagIds: readonly DagId[], at: number): Promise<void> => {
    await sql`
      update consumer set sent = ${at}, checkpoint = jsonb_set(checkpoint, '{gate,watermark}', to_jsonb(${at}::bigint))
      where dag_id = any(${dagIds}::text[])`.execute(store.db);
  };

  it('what is to be sent to a consumer is read without what is for others', async () => {
    await stand([onRare, onStale, onAll], head);
    expect(await reads((db) => readUndelivered(db, onAll))).toBe(0);
    await stand([onRare], 1);
    expect(await reads((db) => readUndelivered(db, onRare))).toBeLessThanOrEqual(5);
    await stand([onStale, onAll], later);
    expect(await reads((db) => readUndelivered(db, onStale))).toBeLessThanOrEqual(1);
    await stand([onAll], head - 20);
    expect(await reads((db) => readUndelivered(db, onAll))).toBeLessThanOrEqual(25);
  });

  it('consumers with something to be sent are found by one event of each asset', async () => {
    await stand([onRare, onStale, onAll, onAliases], head);
    expect(await reads((db) => findUndelivered(db))).toBe(0);
    await stand([onRare, onStale, onAll], 1);
    expect(await reads((db) => findUndelivered(db))).toBeLessThanOrEqual(5);
  });

  it('what came through aliases is read without what did not', async () => {
    await stand([onRare, onStale, onAll, onAliases], head);
    expect(await readsAll((db) => readUndelivered(db, onAliases))).toBe(0);
    expect(await readsAll((db) => findUndelivered(db))).toBe(0);
    await stand([onAliases], later);
    // The one event of the rare alias behind it, which is found and then read.
    expect(await readsAll((db) => readUndelivered(db, onAliases))).toBeLessThanOrEqual(2);
    expect(await readsAll((db) => findUndelivered(db))).toBeLessThanOrEqual(1);
    expect(await readsAll((db) => readConsumer(db, onAliases))).toBeLessThanOrEqual(1);
    const run = { dagId: onAliases, runId: runOf(onAliases) };
    for (const newestFirst of [false, true]) {
      expect(
        await readsAll((db) => readConsumed(db, { ...run, newestFirst, limit: 10 })),
      ).toBeLessThanOrEqual(20);
    }
    expect(
      await readsAll((db) => readConsumed(db, { ...run, source: anAlias('stale'), limit: 10 })),
    ).toBeLessThanOrEqual(30);
    expect(await readsAll((db) => findEvent(db, 40_000))).toBeLessThanOrEqual(1);
  });

  it('a gate is read without what is for others', async () => {
    await stand([onRare], 1);
    expect(await reads((db) => readConsumer(db, onRare))).toBeLessThanOrEqual(4);
    await stand([onStale], later);
    expect(await reads((db) => readConsumer(db, onStale))).toBeLessThanOrEqual(1);
    await stand([onAll], head - 20);
    expect(await reads((db) => readConsumer(db, onAll))).toBeLessThanOrEqual(20);
  });

  it.each([
    [onStale, 1],
    [onAll, 3],
  ])('what a run of %s consumed is read page by page', async (dagId, assets) => {
    const run = { dagId, runId: runOf(dagId) };
    expect(await reads((db) => readConsumed(db, { ...run, limit: 1 }))).toBeLessThanOrEqual(assets);
    expect(
      await reads((db) => readConsumed(db, { ...run, newestFirst: true, limit: 1 })),
    ).toBeLessThanOrEqual(assets);
    expect(await reads((db) => readConsumed(db, { ...run, limit: 1_000 }))).toBeLessThanOrEqual(1_000);
    expect(
      await reads((db) => readConsumed(db, { ...run, beyond: 4_000, limit: 1_000 })),
    ).toBeLessThanOrEqual(1_000);
    expect(
      await reads((db) => listConsumedEvents(db, dagId, run.runId, { limit: 40, offset: 10 })),
    ).toBeLessThanOrEqual(assets * 50);
    expect(await reads((db) => countConsumed(db, run))).toBe(0);
  });

  const sources = [BUSY, RARE, STALE, 'alias rare', 'alias stale'];
  it.each(sources.flatMap((name) => [true, false].map((newestFirst) => [name, newestFirst] as const)))(
    'every event of %s is read page by page, newest first %s',
    async (name, newestFirst) => {
      const all = { of: await sourceIdOf(name), after: 0, upTo: head };
      const page = (rest: object) => (db: Db) => readRecorded(db, all, { newestFirst, limit: 40, ...rest });
      expect(await readsAll(page({}))).toBeLessThanOrEqual(40);
      expect(await readsAll(page({ skip: 100 }))).toBeLessThanOrEqual(140);
      expect(await readsAll(page({ beyond: 20_000 }))).toBeLessThanOrEqual(40);
      expect(await readsAll(page({ limit: 1_000 }))).toBeLessThanOrEqual(1_000);
      const runsRead = await reads(page({ limit: 1_000 }), 'run');
      expect(runsRead).toBeGreaterThan(0);
      expect(runsRead).toBeLessThanOrEqual(1_000);
    },
  );

  it.each(sources)('the place of an instant in the events of %s is found by a few looks', async (name) => {
    const all = { of: await sourceIdOf(name), after: 0, upTo: head };
    expect(await readsAll((db) => positionBefore(db, all, Date.now() + 60_000))).toBeLessThanOrEqual(40);
    expect(await readsAll((db) => positionBefore(db, all, 0))).toBeLessThanOrEqual(40);
  });

  it.each([RARE, 'alias rare'])('events of %s are counted without those of others', async (name) => {
    const all = { of: await sourceIdOf(name), after: 0, upTo: head };
    expect(await readsAll((db) => countRecorded(db, all))).toBeLessThanOrEqual(4);
  });

  it.each([true, false])('events are listed page by page, descending %s', async (descending) => {
    const page = { limit: 40, offset: 10, orderBy: [{ field: 'timestamp', descending }] } as const;
    expect(await reads((db) => listEvents(db, {}, page))).toBeLessThanOrEqual(50);
    for (const name of [BUSY, RARE, STALE]) {
      const assetId = await idOf(name);
      expect(await reads((db) => listEvents(db, { assetId }, page))).toBeLessThanOrEqual(50);
    }
    expect(await reads((db) => listEvents(db, { sourceDagId: onAll, sourceRunId: runOf(onAll) }, page))).toBe(
      0,
    );
  });

  it('one event, or the number of those of a rare asset, is read by itself', async () => {
    const assetId = await idOf(RARE);
    expect(await reads((db) => findEvent(db, 40_000))).toBeLessThanOrEqual(1);
    expect(await reads((db) => countEvents(db, { assetId }))).toBeLessThanOrEqual(4);
  });

  it.each([true, false])('runs of a DAG are listed page by page, descending %s', async (descending) => {
    const page = { limit: 40, offset: 10, orderBy: [{ field: 'id', descending }] } as const;
    expect(await reads((db) => listRuns(db, { dagId: onRare }, page), 'run')).toBeLessThanOrEqual(50);
  });

  it('assets are listed with the last event of each', async () => {
    expect(
      await reads((db) => listAssets(db, {}, { limit: 100, offset: 0, orderBy: [] })),
    ).toBeLessThanOrEqual(allAssets);
  });
});

/** Records 50,000 events and some thousand runs, much faster than a recorder would. */
async function fill(db: Db, assetOfEvent: RawBuilder<string>): Promise<void> {
  await sql`
    insert into asset (name, uri) select 'other ' || n, 'other ' || n from generate_series(0, ${otherAssets - 1}::int) n`.execute(
    db,
  );
  await sql`
    insert into asset_event (seq, batch_end, asset_id, recorded_at, source_dag_id, source_run_id)
    select head + n, head + n, asset.id, log.at, ${onRare}, 'run ' || 1 + n % 5000
    from log cross join generate_series(1, ${events}::int) n join asset on asset.name = ${assetOfEvent}
    order by n`.execute(db);
  await sql`update log set head = head + ${events}`.execute(db);
  await sql`
    insert into asset_event_alias (alias_id, seq)
    select l.id, e.seq from asset_event e join asset a on a.id = e.asset_id
    join asset_alias l on a.name = case l.name when 'rare' then ${RARE} else ${STALE} end order by e.seq`.execute(
    db,
  );
  await sql`
    insert into run (dag_id, run_id, state, trigger)
    select dag_id, 'run ' || n, 'success', 'manual' from dag cross join generate_series(1, 5000) n order by n`.execute(
    db,
  );
}

/** The run of a DAG that consumed a stretch of the log. */
async function addRun(
  db: Db,
  dagId: DagId,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): Promise<void> {
  await sql`
    insert into run (dag_id, run_id, state, trigger) values (${dagId}, ${runOf(dagId)}, 'success', 'asset')`.execute(
    db,
  );
  await sql`
    insert into consumption (subscription_id, after_seq, upto_seq, dag_id, outcome, count, run_id, version)
    select id, ${after}, ${upTo}, dag_id, 'consumed', 1, ${runOf(dagId)}, 1 from subscription
    where dag_id = ${dagId}`.execute(db);
}

function runOf(dagId: DagId): RunId {
  return parseRunId(dagId, 'run');
}
