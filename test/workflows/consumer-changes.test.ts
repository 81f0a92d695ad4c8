import { parseDagId } from '../../core/ids.ts';
import { all, any } from '../../sdk/index.ts';
import { updateConsumer } from '../../temporal/consumer-workflow.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { clearQueueUpdate } from '../../workflows/messages.ts';
import { assetsOf, bothViewsOf, headOf, queuedOf, sawOf, seeingDags } from '../support/seeing.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

// What people do to a consumer: pause, clear, edit, remove it, and run its DAG by hand.

const { seeing, hold } = seeingDags();
const paused = assetsOf('paused');
const cleared = assetsOf('cleared');
const aged = assetsOf('aged');
const edited = assetsOf('edited');
const removed = assetsOf('removed');
const mixed = assetsOf('mixed');

const dags = [
  seeing('paused', { schedule: any(paused.a, paused.b) }),
  seeing('cleared', { schedule: all(cleared.a, cleared.b, cleared.c) }),
  seeing('aged', { schedule: any(aged.a, aged.b) }),
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

const consumptionOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('consumption')
    .select(['outcome', 'count', 'who', 'run_id'])
    .where('dag_id', '=', parseDagId(dagId))
    .orderBy('upto_seq')
    .execute();

const recordedAt = async (seq: number): Promise<number> => {
  const { db } = tidegate.deps;
  const event = await db
    .selectFrom('asset_event')
    .select('recorded_at')
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow();
  return event.recorded_at.getTime();
};
const nextMillisecond = async (): Promise<void> => {
  const now = Date.now();
  await eventually(async () => Date.now() > now + 1);
};

describe('a paused consumer', () => {
  const dagId = parseDagId('paused');

  it('starts nothing, keeps what arrives, and starts once with all of it when it is resumed', async () => {
    await setPaused(tidegate.deps, dagId, true);
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.post(paused.a.uri);
    await tidegate.post(paused.b.uri);
    const last = await headOf(tidegate);
    await queuedOf(tidegate, 'paused', 2);
    expect(await tidegate.gate('paused')).toMatchObject({ isPaused: true });
    expect(await tidegate.runsOf('paused')).toEqual([]);
    await setPaused(tidegate.deps, dagId, false);
    expect(await sawOf(tidegate, 'paused', 1)).toEqual([[last - 1, last]]);
  });

  it('stays paused through a new life', async () => {
    await setPaused(tidegate.deps, dagId, true);
    await tidegate.consumer('paused').terminate('test');
    await tidegate.post(paused.a.uri);
    expect(await queuedOf(tidegate, 'paused', 1)).toEqual({ [paused.a.name]: 1 });
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
    await queuedOf(tidegate, 'cleared', 3);
    const { id } = await tidegate.deps.db
      .selectFrom('subscription')
      .innerJoin('asset', 'asset.id', 'subscription.asset_id')
      .select('subscription.id')
      .where('dag_id', '=', dagId)
      .where('uri', '=', cleared.a.uri)
      .executeTakeFirstOrThrow();
    expect(await clearQueue(tidegate.deps, dagId, { subscriptions: [id], who: 'ada' })).toEqual({
      cleared: 2,
    });
    expect(await queuedOf(tidegate, 'cleared', 1)).toEqual({ [cleared.b.name]: 1 });
    expect(await clearQueue(tidegate.deps, dagId, { who: 'bob' })).toEqual({ cleared: 1 });
    expect(await clearQueue(tidegate.deps, dagId, { who: 'bob' })).toEqual({ cleared: 0 });
    expect(await consumptionOf('cleared')).toMatchObject([
      { outcome: 'cleared', count: 2, who: 'ada' },
      { outcome: 'cleared', count: 1, who: 'bob' },
    ]);
    await tidegate.post(cleared.a.uri, cleared.c.uri);
    await queuedOf(tidegate, 'cleared', 2);
    expect(await tidegate.runsOf('cleared')).toEqual([]);
  });

  it('up to a time, keeps what is as new, for the consumer, for its next life and for the run that takes it', async () => {
    const id = parseDagId('aged');
    await setPaused(tidegate.deps, id, true);
    await tidegate.post(aged.a.uri, aged.b.uri);
    await tidegate.post(aged.a.uri);
    // Two times can be the same millisecond: then there would be nothing to cut between them.
    await nextMillisecond();
    await tidegate.post(aged.a.uri);
    const kept = await headOf(tidegate);
    await queuedOf(tidegate, 'aged', 4);
    const before = await recordedAt(kept);
    expect(await clearQueue(tidegate.deps, id, { before, who: 'ada' })).toEqual({ cleared: 3 });
    expect(await clearQueue(tidegate.deps, id, { before, who: 'ada' })).toEqual({ cleared: 0 });
    const { stored, own } = await bothViewsOf(tidegate, 'aged');
    expect(own.gate.queued).toEqual({
      [Object.keys(own.gate.queued)[0] ?? '']: {
        ...{ count: 1, firstSeq: kept, lastSeq: kept, firstAt: before, lastAt: before },
      },
    });
    expect(stored?.gate.queued).toEqual(own.gate.queued);
    await tidegate.consumer('aged').terminate('test');
    await setPaused(tidegate.deps, id, false);
    expect(await sawOf(tidegate, 'aged', 1)).toEqual([[kept]]);
    expect(await consumptionOf('aged')).toMatchObject([
      { outcome: 'cleared', who: 'ada' },
      { outcome: 'cleared', who: 'ada' },
      { outcome: 'consumed', count: 1 },
    ]);
  });

  it('takes updates from before there was a time, and refuses what is no time', async () => {
    const { deps } = tidegate;
    await tidegate.post(cleared.a.uri);
    await queuedOf(tidegate, 'cleared', 3);
    const ask = (wish: object) => updateConsumer(deps.temporal, dagId, clearQueueUpdate, [wish as never]);
    await expect(ask({ leaves: null, who: 'ada', before: 'noon' })).rejects.toThrow('Update failed');
    expect(await ask({ leaves: null, who: 'ada' })).toEqual({ cleared: 3 });
  });
});

describe('editing the condition of a consumer', () => {
  it('keeps what is queued for assets that stay, drops what others had, and may start at once', async () => {
    await tidegate.post(edited.a.uri);
    const kept = await headOf(tidegate);
    await tidegate.post(edited.b.uri);
    await queuedOf(tidegate, 'edited', 2);
    await tidegate.deploy(
      dags.map((one) =>
        one.id === 'edited' ? seeing('edited', { schedule: any(edited.a, edited.c) }) : one,
      ),
    );
    expect(await sawOf(tidegate, 'edited', 1)).toEqual([[kept]]);
    const [run] = await tidegate.runsOf('edited');
    expect(run).toMatchObject({ version: 2 });
    expect(await consumptionOf('edited')).toMatchObject([
      { outcome: 'consumed', run_id: run?.run_id },
      { outcome: 'dropped', count: 1 },
    ]);
    await tidegate.post(edited.b.uri);
    await tidegate.post(edited.c.uri);
    const last = await headOf(tidegate);
    expect(await sawOf(tidegate, 'edited', 2)).toEqual([[kept], [last]]);
    await tidegate.deploy(dags);
  });
});

describe('a DAG that is removed', () => {
  it('ends its consumer, and begins with an empty queue when it is deployed again', async () => {
    await tidegate.post(removed.a.uri);
    await queuedOf(tidegate, 'removed', 1);
    await tidegate.deploy(dags.filter(({ id }) => id !== 'removed'));
    await eventually(async () => (await tidegate.consumer('removed').describe()).status.name === 'COMPLETED');
    expect(await consumptionOf('removed')).toMatchObject([{ outcome: 'dropped', count: 1 }]);

    await tidegate.deploy(dags);
    await eventually(async () => (await tidegate.consumer('removed').describe()).status.name === 'RUNNING');
    await tidegate.post(removed.b.uri);
    expect(await queuedOf(tidegate, 'removed', 1)).toEqual({ [removed.b.name]: 1 });
    await tidegate.post(removed.a.uri);
    const last = await headOf(tidegate);
    expect(await sawOf(tidegate, 'removed', 1)).toEqual([[last - 1, last]]);
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
    const event = await headOf(tidegate);
    await queuedOf(tidegate, 'mixed', 1);
    latch.open();
    await tidegate.runsClosed('mixed', 2);
    const [first, second] = await tidegate.runsOf('mixed');
    expect([first?.run_id, second?.run_id]).toEqual([byHand, `asset__${event}`]);
    expect(await sawOf(tidegate, 'mixed', 2)).toEqual([[], [event]]);
  });
});

describe('the gate that is shown without a worker', () => {
  it.each(dags.map(({ id }) => id))('is the one the consumer of %s holds', async (id) => {
    await eventually(async () => (await tidegate.gate(id)).activeRuns.length === 0);
    const { stored, own } = await bothViewsOf(tidegate, id);
    // Positions at which there was nothing for a consumer are not told to it.
    const { watermark, ...gate } = stored?.gate ?? { watermark: Number.NaN };
    expect({ ...stored, gate }).toEqual({ ...own, gate: expect.objectContaining(gate) });
    expect(own.gate.watermark).toBeLessThanOrEqual(watermark);
  });
});
