import { parseDagId, runIdByHand } from '../../core/ids.ts';
import { toMessages } from '../../core/message.ts';
import { any, asset, dag } from '../../sdk/index.ts';
import { openDatabase } from '../../store/database.ts';
import { readUndelivered } from '../../store/deliveries.ts';
import { readLog } from '../../store/log.ts';
import { migrate } from '../../store/migrate.ts';
import { signalConsumer } from '../../temporal/consumer-workflow.ts';
import { claimNamespace } from '../../temporal/namespace-guard.ts';
import { sweep } from '../../temporal/sweep.ts';
import { assetEventsSignal, runClosedSignal } from '../../workflows/messages.ts';
import { violations } from '../support/conservation.ts';
import { aLatch } from '../support/latch.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const orders = asset('s3://lake/orders');
const rates = asset('s3://lake/rates');
const latches = { parts: aLatch(), lost: aLatch() };
const one = { schedule: any(orders, rates), maxActiveRuns: 1 } as const;

/** One run at a time; the first one waits for its latch, each returns what it saw. */
const parts = dag('parts', one, (d) => {
  d.task('read', async ({ events }) => {
    await latches.parts.opened;
    return (await events.all().toArray()).map(({ seq }) => seq);
  });
});

const lost = dag('lost', { maxActiveRuns: 1 }, (d) => void d.task('wait', () => latches.lost.opened));

let tidegate: Tidegate;

beforeAll(async () => {
  tidegate = await startTidegate([parts, lost]);
});

afterAll(async () => {
  for (const latch of Object.values(latches)) latch.open();
  await tidegate.stop();
});

describe('a batch that comes in parts', () => {
  it('is taken whole by one run, also when a slot frees between its parts', async () => {
    const { deps } = tidegate;
    await tidegate.post(orders.uri);
    await eventually(async () => (await tidegate.gate('parts')).activeRuns.length === 1);
    await deps.dispatcher.idle();
    const batch = Array.from({ length: 60 }, (_, index) => (index < 40 ? orders.uri : rates.uri));
    await tidegate.postSilently(...batch);
    const ahead = await readUndelivered(deps.db, parseDagId('parts'), undefined);
    if (ahead === undefined) throw new Error('nothing to send');
    const { deliveries, sent, upTo, log, epoch, version } = ahead;
    // Sent by hand in messages as small as this; whoever sends usually, sends batches of this size whole.
    const [first, ...rest] = toMessages(deliveries, { after: sent, upTo }, 60);
    expect(first?.more).toBe(true);
    const send = (message: typeof first) =>
      message === undefined
        ? Promise.resolve()
        : signalConsumer(deps.temporal, parseDagId('parts'), assetEventsSignal, [
            { log, epoch, version, ...message, definition: null },
          ]);

    await send(first);
    latches.parts.open();
    await eventually(async () => (await tidegate.gate('parts')).activeRuns.length === 0);
    expect(await tidegate.runsOf('parts')).toHaveLength(1);
    for (const message of rest) await send(message);

    const runs = await tidegate.runsClosed('parts', 2);
    expect(runs.map(({ run_id }) => run_id)).toEqual([runs[0]?.run_id, `asset__${upTo}`]);
    await eventually(async () => (await tidegate.gate('parts')).activeRuns.length === 0);
    expect(await violations({ ...deps, accepted: [] })).toEqual([]);
  });
});

describe('a run that is terminated after its consumer continued as new', () => {
  it('gives its slot back with the next full sweep', async () => {
    const { deps } = tidegate;
    const runId = await tidegate.trigger('lost');
    await eventually(async () => (await tidegate.runsOf('lost'))[0]?.state === 'running');
    const first = (await tidegate.consumer('lost').describe()).runId;
    // Any message makes its history longer.
    await eventually(async () => {
      for (let index = 0; index < 20; index++) {
        await signalConsumer(deps.temporal, parseDagId('lost'), runClosedSignal, [
          [runIdByHand(0, 'nobody')],
        ]);
      }
      return (await tidegate.consumer('lost').describe()).runId !== first;
    });
    expect((await tidegate.gate('lost')).activeRuns).toEqual([runId]);
    await tidegate.run('lost', runId).terminate();
    const next = await tidegate.trigger('lost');
    await sweep(deps, { isFull: true });
    latches.lost.open();
    expect(await tidegate.closed('lost', runId)).toMatchObject({ state: 'failed' });
    expect(await tidegate.closed('lost', next)).toMatchObject({ state: 'success' });
  });
});

describe('a second project on the same namespace', () => {
  it('is refused, with the event logs of both', async () => {
    const database = await createTestDatabase();
    const db = openDatabase({ url: database.url });
    try {
      await migrate(db);
      await claimNamespace(tidegate.deps.db, tidegate.deps.temporal);
      const logs = await Promise.all([readLog(tidegate.deps.db), readLog(db)]);
      const refused = claimNamespace(db, tidegate.deps.temporal);
      for (const { id } of logs) await expect(refused).rejects.toThrow(id);
      await expect(refused).rejects.toMatchObject({ code: 'wrong_project' });
    } finally {
      await db.destroy();
      await database.drop();
    }
  });
});
