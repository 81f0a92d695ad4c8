import { parseDagId, parseTaskId } from '../../core/ids.ts';
import type { LeafId } from '../../core/leaves.ts';
import { leafOfSubscription } from '../../core/leaves.ts';
import { readUndelivered } from '../../store/deliveries.ts';
import { findEvent } from '../../store/event-queries.ts';
import { readConsumer } from '../../store/gate.ts';
import { KnownAssets } from '../../store/known-assets.ts';
import { openRuns } from '../../store/open-runs.ts';
import { listQueued } from '../../store/queued-events.ts';
import { Recorder } from '../../store/recorder.ts';
import { type PassingAsset, registerPassages } from '../../store/registration.ts';
import { countConsumed, readConsumed } from '../../store/triggering-events.ts';
import { claimGate } from '../../store/claim.ts';
import { runIdOfEvents } from '../../core/ids.ts';
import { aDagPlan, anAlias, anAsset, anAssetPlan, anyOf, aTaskPlan, hashOf, on } from '../support/plans.ts';
import { seqsOf, startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const NEW = 's3://lake/new';
const producer = aDagPlan({
  dagId: 'producer',
  tasks: [aTaskPlan('load', { outlets: [anAlias('files'), anAlias('reports')] })],
});
const byAlias = aDagPlan({ dagId: 'by_alias', condition: on(anAlias('files')) });
const byAsset = aDagPlan({ dagId: 'by_asset', condition: on(anAsset(ORDERS)) });
const byBoth = aDagPlan({ dagId: 'by_both', condition: anyOf(anAsset(ORDERS), anAlias('files')) });
const project = [producer, byAlias, byAsset, byBoth];

describe('an event through aliases', () => {
  let store: TestStore;
  let recorder: Recorder;
  beforeEach(async () => {
    store = await startStore(project);
    recorder = new Recorder(store.db);
  });
  afterEach(() => store.stop());

  const passing = (uri: string, ...aliases: readonly string[]): PassingAsset => ({
    asset: anAssetPlan(uri),
    through: aliases.map(anAlias),
  });
  const record = async (...updates: readonly PassingAsset[]) => {
    const ids = await registerPassages(store.db, updates, hashOf);
    const events = updates.map(({ asset, through }) => ({
      ...{ assetId: ids.asset(asset), extra: {}, partitionKey: undefined },
      aliasIds: through.map((passage) => ids.through(passage)),
    }));
    return recorder.record({ source: { kind: 'api' }, events });
  };
  const subscriptions = async (dagId: string): Promise<{ asset?: LeafId; alias?: LeafId }> => {
    const rows = await store.db
      .selectFrom('subscription')
      .select(['id', 'alias_id'])
      .where('dag_id', '=', parseDagId(dagId))
      .execute();
    return Object.fromEntries(
      rows.map(({ id, alias_id }) => [alias_id === null ? 'asset' : 'alias', leafOfSubscription(id)]),
    );
  };
  const deliveredTo = async (dagId: string) =>
    (await readUndelivered(store.db, parseDagId(dagId)))?.deliveries.map(({ seq, leaf }) => [seq, leaf]);

  it('is for those who wait for one of them, and for those who wait for the asset', async () => {
    const recorded = await record(passing(ORDERS, 'files', 'reports'));
    const [seq] = seqsOf(recorded);
    expect(recorded).toMatchObject({
      subscribers: expect.arrayContaining([byAlias.dagId, byAsset.dagId, byBoth.dagId]),
    });
    expect(await deliveredTo('by_alias')).toEqual([[seq, (await subscriptions('by_alias')).alias]]);
    expect(await deliveredTo('by_asset')).toEqual([[seq, (await subscriptions('by_asset')).asset]]);
    const { asset, alias } = await subscriptions('by_both');
    expect(await deliveredTo('by_both')).toEqual(
      expect.arrayContaining([
        [seq, asset],
        [seq, alias],
      ]),
    );
  });

  it('is for nobody who waits for an alias it did not come through', async () => {
    const recorded = await record(passing(NEW, 'reports'));
    expect(recorded).toMatchObject({ kind: 'recorded', subscribers: [] });
    const direct = await recorder.record(await store.submission([ORDERS]));
    expect(direct).toMatchObject({ subscribers: expect.not.arrayContaining([byAlias.dagId]) });
    expect(await deliveredTo('by_alias')).toEqual([]);
  });

  it('is shown as queued, for the asset it is of, under the name of the alias', async () => {
    await record(passing(NEW, 'files'));
    await record(passing(ORDERS, 'files'));
    const current = await readConsumer(store.db, byAlias.dagId);
    const { alias = '' } = await subscriptions('by_alias');
    expect(current?.consumer.gate.queued).toMatchObject({ [alias]: { count: 2 } });
    expect(current?.definition.assets).toEqual({ [alias]: anAlias('files') });
    expect(await listQueued(store.db, { dagId: byAlias.dagId })).toMatchObject([
      { dagId: 'by_alias', uri: NEW, alias: 'files', queued: { count: 2 } },
    ]);
  });

  it('is listed once by a run that consumed it twice, by asset and by alias', async () => {
    const [first = 0, second = 0] = seqsOf(
      await record(passing(ORDERS, 'files'), passing(NEW, 'files', 'reports')),
    );
    const [third = 0] = await store.post(ORDERS);
    const dagId = byBoth.dagId;
    const claimed = await claimGate(store.db, dagId);
    if (claimed.kind !== 'claimed') throw new Error('not claimed');
    const { asset, alias } = await subscriptions('by_both');
    if (asset === undefined || alias === undefined) throw new Error('no subscription');
    const runId = runIdOfEvents(third);
    const opened = await openRuns(store.db, {
      ...{ dagId, epoch: claimed.epoch, step: 1, version: 1 },
      asked: [
        {
          runId,
          taken: [
            { leaf: asset, count: 2, firstSeq: first, upTo: third },
            { leaf: alias, count: 2, firstSeq: first, upTo: second },
          ],
        },
      ],
      gate: { ...claimed.gate, watermark: third },
    } as Parameters<typeof openRuns>[1]);
    expect(opened).toBe('opened');
    const run = { dagId, runId };
    const seqs = async (query: Partial<Parameters<typeof readConsumed>[1]>) =>
      (await readConsumed(store.db, { ...run, limit: 10, ...query })).map(({ seq }) => seq);
    expect(await seqs({})).toEqual([first, second, third]);
    expect(await seqs({ newestFirst: true, limit: 2 })).toEqual([third, second]);
    expect(await seqs({ source: anAsset(ORDERS) })).toEqual([first, third]);
    expect(await seqs({ source: anAsset(NEW) })).toEqual([second]);
    expect(await seqs({ source: anAlias('files') })).toEqual([first, second]);
    expect(await seqs({ source: anAlias('reports') })).toEqual([second]);
    expect(await countConsumed(store.db, run)).toBe(3);
    expect(await countConsumed(store.db, { ...run, source: anAlias('reports') })).toBe(1);
    expect((await findEvent(store.db, second))?.runs.map(({ run_id }) => run_id)).toEqual([runId]);
    expect((await findEvent(store.db, first))?.runs.map(({ run_id }) => run_id)).toEqual([runId]);
  });

  it('registers its asset, which deploys leave alone while the alias is there', async () => {
    await record(passing(NEW, 'files'));
    await store.deploy(project);
    const assets = () =>
      store.db.selectFrom('asset').select(['uri', 'is_active']).where('uri', '=', anAsset(NEW).uri).execute();
    expect(await assets()).toEqual([{ uri: NEW, is_active: true }]);
    await store.deploy([byAsset]);
    expect(await assets()).toEqual([{ uri: NEW, is_active: false }]);
    await store.deploy(project);
    await record(passing(NEW, 'files'));
    expect(await assets()).toEqual([{ uri: NEW, is_active: true }]);
  });

  it('gives way to an asset of the project that has its name or URI', async () => {
    await record(passing(NEW, 'files'));
    const named = { name: 'declared', uri: anAsset(NEW).uri };
    await store.deploy([...project, aDagPlan({ dagId: 'other', condition: on(named) })]);
    await expect(record(passing(NEW, 'files'))).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_definition',
        message: `asset "${NEW}" cannot be registered: the active asset "declared" has this URI: use that asset, or another URI`,
      }),
    );
  });

  it('registers an asset once that is updated several times at once', async () => {
    await record(passing(NEW, 'files'), passing(NEW, 'files', 'reports'));
    expect(await deliveredTo('by_alias')).toHaveLength(2);
  });

  it('registers nothing where one of several assets clashes', async () => {
    const clashing = { asset: anAssetPlan(ORDERS, { name: 'orders' }), through: [anAlias('files')] };
    await expect(record(passing(NEW, 'files'), clashing)).rejects.toThrow(/cannot be registered/);
    const twice = { asset: anAssetPlan(NEW, { name: 'new' }), through: [anAlias('files')] };
    await expect(record(passing(NEW, 'files'), twice)).rejects.toThrow(/cannot be registered/);
    expect(
      await store.db.selectFrom('asset').select('uri').where('uri', '=', anAsset(NEW).uri).execute(),
    ).toEqual([]);
    expect(await store.head()).toBe(1);
  });

  it('is registered once by many at the same time', async () => {
    const uris = Array.from({ length: 20 }, (_, n) => `${NEW}/${n % 5}`);
    await Promise.all(uris.map((uri) => record(passing(uri, 'files', 'reports'))));
    const links = await store.db.selectFrom('asset_alias_asset').selectAll().execute();
    expect(links).toHaveLength(10);
    expect(await deliveredTo('by_alias')).toHaveLength(20);
  });

  it('is not recorded where the try that emitted it is no longer the running one', async () => {
    const ids = await registerPassages(store.db, [passing(NEW, 'files')], hashOf);
    const lost = await recorder.record({
      source: { kind: 'task', dagId: producer.dagId, runId: runIdOfEvents(1), taskId: parseTaskId('load') },
      success: {
        dagId: producer.dagId,
        runId: runIdOfEvents(1),
        attempt: 1,
        taskId: parseTaskId('load'),
        try: 1,
        result: null,
      },
      events: [
        {
          ...{ assetId: ids.asset(anAsset(NEW)), extra: {}, partitionKey: undefined },
          aliasIds: [ids.through(anAlias('files'))],
        },
      ],
    });
    expect(lost).toEqual({ kind: 'lost' });
    expect(await store.db.selectFrom('asset_event_alias').selectAll().execute()).toEqual([]);
  });

  it('refuses an alias that was never deployed', async () => {
    await expect(record(passing(NEW, 'nowhere'))).rejects.toThrow(/alias nowhere was never deployed/);
  });
});

describe('the known assets', () => {
  it('say at once that a name or a URI is taken, as far as they were read', async () => {
    const store = await startStore(project);
    let now = 0;
    const known = new KnownAssets(store.db, () => now);
    await known.refresh();
    expect(known.clashOf(anAsset(ORDERS))).toBeUndefined();
    expect(known.clashOf(anAsset(NEW))).toBeUndefined();
    expect(known.clashOf({ name: 'orders', uri: anAsset(ORDERS).uri })).toMatch(/has this URI/);
    expect(known.clashOf({ name: ORDERS, uri: anAsset(NEW).uri })).toMatch(/has another URI/);
    await registerPassages(store.db, [{ asset: anAssetPlan(NEW), through: [anAlias('files')] }], hashOf);
    const renamed = { name: 'new', uri: anAsset(NEW).uri };
    await known.refresh();
    expect(known.clashOf(renamed)).toBeUndefined();
    now = 2_000;
    await known.refresh();
    expect(known.clashOf(renamed)).toMatch(/has this URI/);
    await store.stop();
  });
});
