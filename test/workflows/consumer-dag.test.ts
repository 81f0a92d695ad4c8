import { parseDagId } from '../../core/ids.ts';
import { all, any, asset, dag, type DagDefinition, type DagOptions } from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

/** Assets of one test, so that tests never start each other's DAGs. */
const assetsOf = (test: string) => ({
  a: asset(`s3://${test}/a`),
  b: asset(`s3://${test}/b`),
  c: asset(`s3://${test}/c`),
});

/** Its one task returns the positions of the events it saw; runs that were told to wait do so. */
const held = new Map<string, Latch>();
const seeing = (id: string, options: Pick<DagOptions, 'schedule' | 'maxActiveRuns'>): DagDefinition =>
  dag(id, options, (d) => {
    d.task('see', async ({ events }) => {
      await held.get(id)?.opened;
      return (await events.all().toArray()).map(({ seq }) => seq);
    });
  });
const hold = (id: string): Latch => {
  const latch = aLatch();
  held.set(id, latch);
  return latch;
};

const either = assetsOf('either');
const both = assetsOf('both');
const nested = assetsOf('nested');
const burst = assetsOf('burst');
const busy = assetsOf('busy');
const paused = assetsOf('paused');
const cleared = assetsOf('cleared');
const edited = assetsOf('edited');
const removed = assetsOf('removed');
const mixed = assetsOf('mixed');

const dags = [
  seeing('either', { schedule: any(either.a, either.b) }),
  seeing('both', { schedule: all(both.a, both.b) }),
  seeing('nested', { schedule: all(nested.a, any(nested.b, nested.c)) }),
  seeing('burst', { schedule: burst.a }),
  seeing('busy', { schedule: busy.a, maxActiveRuns: 1 }),
  seeing('paused', { schedule: any(paused.a, paused.b) }),
  seeing('cleared', { schedule: all(cleared.a, cleared.b, cleared.c) }),
  seeing('edited', { schedule: all(edited.a, edited.b, edited.c) }),
  seeing('removed', { schedule: all(removed.a, removed.b) }),
  seeing('by_hand', { maxActiveRuns: 1 }),
  seeing('mixed', { schedule: mixed.a, maxActiveRuns: 1 }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

/** What the task of each run of a DAG saw, once `count` runs have closed. */
const sawOf = async (dagId: string, count: number) => {
  const runs = await tidegate.runsClosed(dagId, count);
  return Promise.all(runs.map(async ({ run_id }) => (await tidegate.tasksOf(dagId, run_id))[0]?.result));
};
/** How many events are queued, per asset, once `count` in all are. */
const queuedOf = (dagId: string, count: number) =>
  eventually(async () => {
    const current = await readConsumer(tidegate.deps.db, parseDagId(dagId));
    const { gate } = await tidegate.gate(dagId);
    const queued = Object.entries(gate.queued).map(
      ([leaf, queue]) =>
        [
          Object.entries(current?.definition.assets ?? {}).find(([id]) => id === leaf)?.[1].name,
          queue.count,
        ] as const,
    );
    return queued.reduce((sum, [, one]) => sum + one, 0) === count && Object.fromEntries(queued);
  });
const head = async () =>
  (await tidegate.deps.db.selectFrom('log').select('head').executeTakeFirstOrThrow()).head;
const consumptionOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('consumption')
    .select(['outcome', 'count', 'who', 'run_id'])
    .where('dag_id', '=', parseDagId(dagId))
    .orderBy('upto_seq')
    .execute();

describe('a consumer of any of its assets', () => {
  it('starts once for a batch that meets several of them, and with all of it', async () => {
    await tidegate.post(either.a.uri, either.b.uri);
    const last = await head();
    expect(await sawOf('either', 1)).toEqual([[last - 1, last]]);
    const [run] = await tidegate.runsOf('either');
    expect(run).toMatchObject({ run_id: `asset__${last}`, trigger: 'asset', state: 'success', version: 1 });
  });

  it('starts for each event that comes alone', async () => {
    await tidegate.post(burst.a.uri);
    await tidegate.runsClosed('burst', 1);
    await tidegate.post(burst.a.uri);
    expect((await tidegate.runsClosed('burst', 2)).map(({ state }) => state)).toEqual(['success', 'success']);
  });
});

describe('a consumer of all of its assets', () => {
  it('waits until the last one has arrived, and takes what queued meanwhile', async () => {
    await tidegate.post(both.a.uri);
    await tidegate.post(both.a.uri);
    expect(await queuedOf('both', 2)).toEqual({ [both.a.name]: 2 });
    expect(await tidegate.runsOf('both')).toEqual([]);
    await tidegate.post(both.b.uri);
    const last = await head();
    expect(await sawOf('both', 1)).toEqual([[last - 2, last - 1, last]]);
    expect(await queuedOf('both', 0)).toEqual({});
  });
});

describe('a consumer of a nested condition', () => {
  it('waits for each branch, and takes also what another branch would have needed', async () => {
    await tidegate.post(nested.b.uri);
    await tidegate.post(nested.c.uri);
    await queuedOf('nested', 2);
    expect(await tidegate.runsOf('nested')).toEqual([]);
    await tidegate.post(nested.a.uri);
    const last = await head();
    expect(await sawOf('nested', 1)).toEqual([[last - 2, last - 1, last]]);
  });
});

describe('a consumer at its most active runs', () => {
  it('loses nothing: one run takes all that queued meanwhile', async () => {
    const latch = hold('busy');
    await tidegate.post(busy.a.uri);
    const first = await head();
    await eventually(async () => (await tidegate.runsOf('busy')).length === 1);
    for (let event = 0; event < 5; event += 1) await tidegate.post(busy.a.uri);
    const last = await head();
    await queuedOf('busy', 5);
    expect(await tidegate.runsOf('busy')).toHaveLength(1);
    latch.open();
    expect(await sawOf('busy', 2)).toEqual([[first], [last - 4, last - 3, last - 2, last - 1, last]]);
    expect((await tidegate.gate('busy')).gate.queued).toEqual({});
  });
});

describe('a paused consumer', () => {
  const dagId = parseDagId('paused');

  it('starts nothing, keeps what arrives, and starts once with all of it when it is resumed', async () => {
    await setPaused(tidegate.deps, dagId, true);
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.post(paused.a.uri);
    await tidegate.post(paused.b.uri);
    const last = await head();
    await queuedOf('paused', 2);
    expect(await tidegate.gate('paused')).toMatchObject({ isPaused: true });
    expect(await tidegate.runsOf('paused')).toEqual([]);
    await setPaused(tidegate.deps, dagId, false);
    expect(await sawOf('paused', 1)).toEqual([[last - 1, last]]);
  });

  it('stays paused through a new life', async () => {
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.consumer('paused').terminate('test');
    await tidegate.post(paused.a.uri);
    expect(await queuedOf('paused', 1)).toEqual({ [paused.a.name]: 1 });
    expect(await tidegate.gate('paused')).toMatchObject({ isPaused: true });
    await setPaused(tidegate.deps, dagId, false);
    await tidegate.runsClosed('paused', 2);
  });
});

describe('clearing the queue of a consumer', () => {
  const dagId = parseDagId('cleared');

  it('takes out what is queued for one asset, or for all, and says who asked', async () => {
    await tidegate.post(cleared.a.uri);
    await tidegate.post(cleared.a.uri);
    await tidegate.post(cleared.b.uri);
    await queuedOf('cleared', 3);
    const { id } = await tidegate.deps.db
      .selectFrom('asset')
      .select('id')
      .where('uri', '=', cleared.a.uri)
      .executeTakeFirstOrThrow();
    expect(await clearQueue(tidegate.deps, dagId, { assetIds: [id], who: 'ada' })).toEqual({ cleared: 2 });
    expect(await queuedOf('cleared', 1)).toEqual({ [cleared.b.name]: 1 });
    expect(await clearQueue(tidegate.deps, dagId, { who: 'bob' })).toEqual({ cleared: 1 });
    expect(await clearQueue(tidegate.deps, dagId, { who: 'bob' })).toEqual({ cleared: 0 });
    expect(await consumptionOf('cleared')).toMatchObject([
      { outcome: 'cleared', count: 2, who: 'ada' },
      { outcome: 'cleared', count: 1, who: 'bob' },
    ]);
    await tidegate.post(cleared.a.uri, cleared.c.uri);
    await queuedOf('cleared', 2);
    expect(await tidegate.runsOf('cleared')).toEqual([]);
  });
});

describe('editing the condition of a consumer', () => {
  it('keeps what is queued for assets that stay, drops what others had, and may start at once', async () => {
    await tidegate.post(edited.a.uri);
    const kept = await head();
    await tidegate.post(edited.b.uri);
    await queuedOf('edited', 2);
    await tidegate.deploy(
      dags.map((one) =>
        one.id === 'edited' ? seeing('edited', { schedule: any(edited.a, edited.c) }) : one,
      ),
    );
    expect(await sawOf('edited', 1)).toEqual([[kept]]);
    const [run] = await tidegate.runsOf('edited');
    expect(run).toMatchObject({ version: 2 });
    expect(await consumptionOf('edited')).toMatchObject([
      { outcome: 'consumed', run_id: run?.run_id },
      { outcome: 'dropped', count: 1 },
    ]);
    await tidegate.post(edited.b.uri);
    await tidegate.post(edited.c.uri);
    const last = await head();
    expect(await sawOf('edited', 2)).toEqual([[kept], [last]]);
    await tidegate.deploy(dags);
  });
});

describe('a DAG that is removed', () => {
  it('ends its consumer, and begins with an empty queue when it is deployed again', async () => {
    await tidegate.post(removed.a.uri);
    await queuedOf('removed', 1);
    await tidegate.deploy(dags.filter(({ id }) => id !== 'removed'));
    await eventually(async () => (await tidegate.consumer('removed').describe()).status.name === 'COMPLETED');
    expect(await consumptionOf('removed')).toMatchObject([{ outcome: 'dropped', count: 1 }]);

    await tidegate.deploy(dags);
    await eventually(async () => (await tidegate.consumer('removed').describe()).status.name === 'RUNNING');
    await tidegate.post(removed.b.uri);
    expect(await queuedOf('removed', 1)).toEqual({ [removed.b.name]: 1 });
    await tidegate.post(removed.a.uri);
    const last = await head();
    expect(await sawOf('removed', 1)).toEqual([[last - 1, last]]);
  });
});

describe('runs by hand', () => {
  it('go through the same door, and wait there in the order they were asked for', async () => {
    const latch = hold('by_hand');
    const asked: string[] = [];
    for (let run = 0; run < 4; run += 1) asked.push(await tidegate.trigger('by_hand'));
    await eventually(async () => (await tidegate.tasksOf('by_hand', asked[0] ?? '')).length === 1);
    const states = (await tidegate.runsOf('by_hand')).map(({ state, admitted_at }) => [
      state,
      admitted_at !== null,
    ]);
    expect(states).toEqual([['running', true], ...Array.from({ length: 3 }, () => ['queued', false])]);
    expect(await tidegate.gate('by_hand')).toMatchObject({ activeRuns: [asked[0]], hasRequests: true });
    latch.open();
    const runs = await tidegate.runsClosed('by_hand', 4);
    expect(
      runs.toSorted((a, b) => Number(a.started_at) - Number(b.started_at)).map(({ run_id }) => run_id),
    ).toEqual(asked);
    // None of them ran beside another one.
    for (const [index, run] of runs.slice(1).entries()) {
      expect(run.started_at?.getTime()).toBeGreaterThanOrEqual(
        runs[index]?.ended_at?.getTime() ?? Number.NaN,
      );
    }
    await eventually(async () => (await tidegate.gate('by_hand')).activeRuns.length === 0);
  });

  it('consume nothing, and leave what is queued to runs that events start', async () => {
    const latch = hold('mixed');
    const byHand = await tidegate.trigger('mixed');
    await eventually(async () => (await tidegate.runsOf('mixed'))[0]?.state === 'running');
    await tidegate.post(mixed.a.uri);
    const event = await head();
    await queuedOf('mixed', 1);
    latch.open();
    await tidegate.runsClosed('mixed', 2);
    const [first, second] = await tidegate.runsOf('mixed');
    expect([first?.run_id, second?.run_id]).toEqual([byHand, `asset__${event}`]);
    expect(await sawOf('mixed', 2)).toEqual([[], [event]]);
  });
});

describe('the gate that is shown without a worker', () => {
  it('is the one the consumer holds', async () => {
    await tidegate.post(both.a.uri);
    await tidegate.post(both.a.uri);
    await queuedOf('both', 2);
    for (const { id } of dags) {
      const stored = await readConsumer(tidegate.deps.db, parseDagId(id));
      const own = await tidegate.gate(id);
      // Positions at which there was nothing for a consumer are not told to it.
      const { watermark, ...gate } = stored?.consumer.gate ?? { watermark: Number.NaN };
      expect({ ...stored?.consumer, gate }).toEqual({ ...own, gate: expect.objectContaining(gate) });
      expect(own.gate.watermark).toBeLessThanOrEqual(watermark);
    }
  });
});
