import * as fc from 'fast-check';
import { sql } from 'kysely';
import { parseDagId } from '../../core/ids.ts';
import {
  countRecorded,
  positionBefore,
  readRecorded,
  type RecordedStretch,
} from '../../store/recorded-events.ts';
import { aDagPlan, allOf, anAsset } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const start = Date.UTC(2026, 0, 1);

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    aDagPlan({ dagId: 'by_both', condition: allOf(anAsset(ORDERS), anAsset(RATES)) }),
  ]);
});
afterAll(() => store.stop());

/** Puts events of ORDERS into an empty log, each so many positions and milliseconds behind the one before. */
async function fill(steps: readonly { readonly gap: number; readonly ms: number }[]) {
  await sql`delete from asset_event`.execute(store.db);
  const { rows } = await sql<{ id: number }>`select id from asset where name = ${ORDERS}`.execute(store.db);
  const assetId = rows[0]?.id ?? 0;
  let [seq, at] = [0, start];
  const events = steps.map(({ gap, ms }) => ({ seq: (seq += gap), at: (at += ms) }));
  await sql`
    insert into asset_event (seq, batch_end, asset_id, recorded_at)
    select seq, seq, ${assetId}, at from unnest(
      ${events.map((event) => event.seq)}::bigint[], ${events.map((event) => new Date(event.at))}::timestamptz[]
    ) as e (seq, at)`.execute(store.db);
  const all: RecordedStretch = { of: { asset_id: assetId, alias_id: null }, after: 0, upTo: seq + 5 };
  return { events, all };
}

describe('the position before an instant', () => {
  it('parts the events of an asset as looking at each of them does', async () => {
    const anyStep = fc.record({ gap: fc.integer({ min: 1, max: 9 }), ms: fc.integer({ min: 0, max: 3 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 30 }),
        fc.integer({ min: -2, max: 60 }),
        async (steps, ms) => {
          const { events, all } = await fill(steps);
          const instant = start + ms;
          const older = events.filter(({ at }) => at < instant).length;
          const position = await positionBefore(store.db, all, instant);
          expect(await countRecorded(store.db, { ...all, upTo: position })).toBe(older);
          expect(await countRecorded(store.db, { ...all, after: position })).toBe(events.length - older);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('the recorded events of an asset', () => {
  it('are read in pages from either end, each behind the one before', async () => {
    const { events, all } = await fill(Array.from({ length: 7 }, () => ({ gap: 2, ms: 1 })));
    for (const newestFirst of [false, true]) {
      const inOrder = newestFirst ? events.toReversed() : events;
      const seqs = async (rest: object) =>
        (await readRecorded(store.db, all, { newestFirst, limit: 3, ...rest })).map(({ seq }) => seq);
      expect(await seqs({})).toEqual(inOrder.slice(0, 3).map(({ seq }) => seq));
      expect(await seqs({ beyond: inOrder[2]?.seq })).toEqual(inOrder.slice(3, 6).map(({ seq }) => seq));
      expect(await seqs({ skip: 5 })).toEqual(inOrder.slice(5).map(({ seq }) => seq));
    }
  });

  it('know the run they came from', async () => {
    const { all } = await fill([
      { gap: 1, ms: 0 },
      { gap: 1, ms: 0 },
      { gap: 1, ms: 0 },
    ]);
    const dagId = parseDagId('by_both');
    await store.request('by_both', 'daily');
    await sql`
      update run set data_interval_start_at = ${new Date(start)}, data_interval_end_at = ${new Date(start + 1)}`.execute(
      store.db,
    );
    await sql`
      update asset_event set source_dag_id = ${dagId}, source_run_id = case seq when 1 then 'daily' else 'gone' end,
        source_task_id = case seq when 2 then 'load' end
      where seq < 3`.execute(store.db);
    expect(await readRecorded(store.db, all, { limit: 9 })).toMatchObject([
      {
        source: { kind: 'dag', dagId, runId: 'daily' },
        sourceRun: { logicalAt: null, dataIntervalStartAt: start, dataIntervalEndAt: start + 1 },
      },
      { source: { kind: 'task', runId: 'gone', taskId: 'load' }, sourceRun: undefined },
      { source: { kind: 'api' }, sourceRun: undefined },
    ]);
  });
});
