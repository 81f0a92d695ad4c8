import { setTimeout as delay } from 'node:timers/promises';
import { asset, dag, type DagDefinition, type DagOptions, on, rollup, startOf } from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { AssetIds } from '../../store/asset-ids.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { recordEvents } from '../../temporal/record-events.ts';
import { readConsumer } from '../../store/gate.ts';
import { aLatch } from '../support/latch.ts';
import { anAsset } from '../support/plans.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const [orders, rates] = [asset('s3://keys/orders'), asset('s3://keys/rates')];
const days = asset('s3://keys/days');
const [bulk, mark] = [asset('s3://keys/bulk'), asset('s3://keys/mark')];
const flood = asset('s3://keys/flood');
const fading = asset('s3://keys/fading');
const plain = asset('s3://keys/plain');
const held = aLatch();

/** Its one task returns the keys of the events its run consumed. */
const listing = (id: string, options: DagOptions<undefined>): DagDefinition =>
  dag(id, options, (d) => {
    d.task('list', async ({ events }) =>
      (await events.all().toArray()).map(({ partitionKey, seq }) => `${partitionKey ?? ''} ${seq}`),
    );
  });

const project: readonly DagDefinition[] = [
  listing('by_region', { schedule: [orders, rates], partitioned: true }),
  listing('by_week', {
    schedule: days,
    partitioned: {
      default: rollup(startOf('week', { inputFormat: '%Y-%m-%d' }), 'week', { wait: { min: 3 } }),
    },
  }),
  listing('many', { schedule: [bulk, mark], partitioned: true, maxActiveRuns: 4 }),
  dag('waiting', { schedule: flood, partitioned: true, settle: { quiet: '1h' }, maxActiveRuns: 3 }, (d) => {
    d.task('hold', async ({ run }) => {
      await held.opened;
      return run.partitionKey;
    });
  }),
  listing('fading', { schedule: on(fading, { expireAfter: '4s' }), partitioned: true }),
  listing('keyless', { schedule: plain }),
  listing('whatever', { schedule: plain, partitions: 'any' }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project);
});
afterAll(() => tidegate.stop());

const post = (uri: string, partition: string): Promise<number> => tidegate.postWith(uri, { partition });

describe('a consumer by partition', () => {
  it('is met key by key, and each run has the events of its key', async () => {
    const eu = await post(orders.uri, 'eu');
    await post(rates.uri, 'us');
    await tidegate.post(orders.uri, rates.uri);
    const euRate = await post(rates.uri, 'eu');
    expect(await tidegate.resultsOf('by_region', 1)).toEqual([[`eu ${eu}`, `eu ${euRate}`]]);
    const [run] = await tidegate.runsOf('by_region');
    expect(run).toMatchObject({ run_id: `asset__${euRate}__eu`, partition_key: 'eu' });
    await post(orders.uri, 'us');
    expect(await tidegate.resultsOf('by_region', 2)).toHaveLength(2);
  });

  it('opens a key again for what comes later', async () => {
    const again = [await post(orders.uri, 'eu'), await post(orders.uri, 'eu'), await post(rates.uri, 'eu')];
    expect(await tidegate.resultsOf('by_region', 3)).toContainEqual(again.map((seq) => `eu ${seq}`));
  });

  it('is cleared by asset, of all keys', async () => {
    const asia = await post(orders.uri, 'asia');
    await eventually(async () =>
      Object.keys((await tidegate.gate('by_region')).gate.queued).length > 0 ? true : undefined,
    );
    const dagId = parseDagId('by_region');
    const row = await tidegate.deps.db
      .selectFrom('subscription as s')
      .innerJoin('asset as a', 'a.id', 's.asset_id')
      .select('s.id')
      .where('a.uri', '=', orders.uri)
      .executeTakeFirstOrThrow();
    const wish = { subscriptions: [row.id], before: null, who: 'me' };
    expect(await clearQueue(tidegate.deps, dagId, wish)).toEqual({ cleared: 1 });
    await post(rates.uri, 'asia');
    const late = await post(orders.uri, 'asia');
    expect((await tidegate.resultsOf('by_region', 4)).flat()).toContain(`asia ${late}`);
    expect((await tidegate.resultsOf('by_region', 4)).flat()).not.toContain(`asia ${asia}`);
  });

  it('rolls the keys of a window up, and says which keys it does not take', async () => {
    const [monday, again] = [await post(days.uri, '2026-01-05'), await post(days.uri, '2026-01-05')];
    const [tuesday] = [await post(days.uri, '2026-01-06'), await post(days.uri, 'soon')];
    await post(days.uri, '2026-01-12');
    await eventually(async () =>
      Object.keys((await tidegate.gate('by_week')).gate.queued).length === 2 ? true : undefined,
    );
    expect(await tidegate.runsOf('by_week')).toEqual([]);
    const read = await readConsumer(tidegate.deps.db, parseDagId('by_week'));
    expect(read?.consumer.gate.queued).toEqual((await tidegate.gate('by_week')).gate.queued);
    const sunday = await post(days.uri, '2026-01-11');
    expect(await tidegate.resultsOf('by_week', 1)).toEqual([
      [`2026-01-05 ${monday}`, `2026-01-05 ${again}`, `2026-01-06 ${tuesday}`, `2026-01-11 ${sunday}`],
    ]);
    const refused = await tidegate.deps.db.selectFrom('refused_event').select('reason').execute();
    expect(refused).toEqual([{ reason: expect.stringContaining('key "soon" is not taken') }]);
  });
});

describe('a consumer with more keys than its gate holds', () => {
  const postAll = async (uri: string, keys: readonly string[]): Promise<void> => {
    const idOf = await new AssetIds(tidegate.deps.db).find([anAsset(uri)]);
    const assetId = idOf(anAsset(uri));
    const events = keys.map((partitionKey) => ({ assetId, extra: {}, partitionKey }));
    await recordEvents(tidegate.deps, { events });
  };
  const heldKeys = async (of = 'many') => Object.keys((await tidegate.gate(of)).gate.queued).length;

  it('lets go of some, and has them back when they come again', async () => {
    const keys = Array.from({ length: 3_000 }, (_, nth) => `k${nth}`);
    await postAll(bulk.uri, keys);
    await eventually(async () => ((await heldKeys()) > 0 ? true : undefined));
    expect(await heldKeys()).toBeLessThanOrEqual(2_000);
    const read = await readConsumer(tidegate.deps.db, parseDagId('many'));
    expect(Object.keys(read?.consumer.gate.queued ?? {})).toHaveLength(3_000);

    await postAll(mark.uri, ['k0', 'k1', 'k2999']);
    const results = await tidegate.resultsOf('many', 3);
    const pairs = results.map((one) =>
      (one as readonly string[]).map((text) => text.split(' ')[0]).join(' '),
    );
    expect(new Set(pairs)).toEqual(new Set(['k0 k0', 'k1 k1', 'k2999 k2999']));
  });

  it('finds those that were met while it had no slot, after it began anew, and clears the rest', async () => {
    const dagId = parseDagId('many');
    await setPaused(tidegate.deps, dagId, true);
    const met = Array.from({ length: 30 }, (_, nth) => `k${nth + 10}`);
    const others = Array.from({ length: 2_500 }, (_, nth) => `met${nth}`);
    await postAll(mark.uri, met);
    await postAll(bulk.uri, others);
    await postAll(mark.uri, others.slice(0, 20));
    await tidegate.consumer('many').terminate('to begin anew');
    await setPaused(tidegate.deps, dagId, false);
    for (const closed of [13, 23, 33, 43]) await tidegate.runsClosed('many', closed);
    expect(
      (await tidegate.resultsOf('many', 53)).every((one) => (one as readonly string[]).length === 2),
    ).toBe(true);
    const { cleared } = await clearQueue(tidegate.deps, dagId, { who: 'me' });
    expect(cleared).toBe(3_000 - 33 + 2_500 - 20);
    const read = await readConsumer(tidegate.deps.db, dagId);
    expect(read?.consumer.gate.queued).toEqual({});
    await postAll(mark.uri, ['k500']);
    await eventually(async () => ((await heldKeys()) === 1 ? true : undefined));
    expect(await tidegate.runsOf('many')).toHaveLength(53);
  });

  it('lets those that were met first wait for no more, where too many wait', async () => {
    // So many come in one message after an outage.
    const keys = Array.from({ length: 6_000 }, (_, nth) => `k${String(nth).padStart(4, '0')}`);
    await postAll(flood.uri, keys.slice(0, 900));
    await eventually(async () => (await heldKeys('waiting')) === 900);
    expect(await tidegate.runsOf('waiting')).toEqual([]);
    await postAll(flood.uri, keys.slice(900));
    const waiting = await eventually(async () => {
      const { gate, activeRuns } = await tidegate.gate('waiting');
      return activeRuns.length === 3 && gate.forgotten !== undefined && gate;
    });
    expect(Object.keys(waiting.queued).length).toBeLessThanOrEqual(2_000);
    expect(Object.values(waiting.metAt ?? {}).filter((at) => at !== null)).toHaveLength(1_000);
    const { cleared } = await clearQueue(tidegate.deps, parseDagId('waiting'), { who: 'me' });
    expect(cleared).toBe(5_997);
    held.open();
    expect(await tidegate.resultsOf('waiting', 3)).toEqual(keys.slice(0, 3));
  });
});

describe('keys that a gate let go of and that are too old when there is a slot', () => {
  it('are written down as expired, each once, and start nothing', async () => {
    const dagId = parseDagId('fading');
    await setPaused(tidegate.deps, dagId, true);
    const keys = Array.from({ length: 2_600 }, (_, nth) => `k${nth}`);
    const idOf = await new AssetIds(tidegate.deps.db).find([anAsset(fading.uri)]);
    const events = keys.map((partitionKey) => ({
      assetId: idOf(anAsset(fading.uri)),
      extra: {},
      partitionKey,
    }));
    await recordEvents(tidegate.deps, { events });
    await eventually(async () => (await tidegate.gate('fading')).gate.forgotten?.hasMet === true);
    await delay(4_500);
    await setPaused(tidegate.deps, dagId, false);
    const expired = () =>
      tidegate.deps.db
        .selectFrom('consumption')
        .select(['outcome', 'key'])
        .where('dag_id', '=', dagId)
        .execute();
    await postLater(fading.uri);
    await eventually(async () => (await expired()).length >= 2_601);
    const rows = await expired();
    expect(new Set(rows.map(({ key }) => key)).size).toBe(rows.length);
    expect(rows.filter(({ outcome }) => outcome === 'expired')).toHaveLength(2_600);
    expect(await tidegate.runsOf('fading')).toHaveLength(1);
  });

  /** What comes in time is taken; what did not is told before it. */
  const postLater = async (uri: string): Promise<void> => {
    await post(uri, 'late');
    await tidegate.runsClosed('fading', 1);
  };
});

describe('a consumer that is not by partition', () => {
  it('is not started by events of partitions unless it asks for them', async () => {
    const keyed = await post(plain.uri, 'k');
    expect(await tidegate.resultsOf('whatever', 1)).toEqual([[`k ${keyed}`]]);
    expect(await tidegate.runsOf('keyless')).toEqual([]);
    const [unkeyed] = await tidegate.post(plain.uri);
    expect(await tidegate.resultsOf('keyless', 1)).toEqual([[` ${unkeyed}`]]);
    expect(await tidegate.resultsOf('whatever', 2)).toContainEqual([` ${unkeyed}`]);
  });
});
