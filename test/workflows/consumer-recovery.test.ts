import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { parseDagId } from '../../core/ids.ts';
import { all, asset, dag, type DagOptions } from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { readLog } from '../../store/log.ts';
import { clearQueue, setPaused } from '../../temporal/control.ts';
import { Dispatcher } from '../../temporal/dispatch.ts';
import { type AssetEvents, assetEventsSignal } from '../../workflows/messages.ts';
import { unrest, violations } from '../support/conservation.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const assetsOf = (test: string) => ({ a: asset(`s3://${test}/a`), b: asset(`s3://${test}/b`) });
/** Its one task returns the positions of the events it saw, in order. */
const seeing = (id: string, options: Pick<DagOptions, 'schedule' | 'maxActiveRuns'>) =>
  dag(id, options, (d) => {
    d.task('see', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
  });

const ended = assetsOf('ended');
const reset = assetsOf('reset');
const gap = assetsOf('gap');
const odd = assetsOf('odd');
const shared = assetsOf('shared');
const busy = assetsOf('busy');
const load = assetsOf('load');
const cut = assetsOf('cut');

let tidegate: Tidegate;
/** Set by a test that wants `openRuns` to be told twice. */
let loseAnswerOf: string | undefined;
const losingAnswers: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const answer: unknown = await next(input);
      if (loseAnswerOf !== info.activityType) return answer;
      loseAnswerOf = undefined;
      throw new Error('the answer was lost');
    },
  },
});

beforeAll(async () => {
  const dags = [
    seeing('ended', { schedule: all(ended.a, ended.b) }),
    seeing('reset', { schedule: reset.a }),
    seeing('gap', { schedule: all(gap.a, gap.b) }),
    seeing('odd', { schedule: all(odd.a, odd.b) }),
    seeing('shared', { schedule: shared.a }),
    seeing('busy', { schedule: busy.a, maxActiveRuns: 1 }),
    seeing('cut', { schedule: all(cut.a, cut.b) }),
    seeing('load', { schedule: all(load.a, load.b), maxActiveRuns: 4 }),
  ];
  tidegate = await startTidegate(dags, { interceptors: { activity: [losingAnswers] } });
});
afterAll(() => tidegate.stop());

/** Nothing is under way any more, and every promise holds. */
const isConserved = async () => {
  const { db, temporal } = tidegate.deps;
  let reasons: readonly string[] = [];
  const isAtRest = async () => {
    reasons = await unrest({ db, temporal });
    return reasons.length === 0;
  };
  await eventually(isAtRest).catch(() => expect(reasons).toEqual([]));
  expect(await violations({ db, temporal, accepted: [] })).toEqual([]);
};
const queued = async (dagId: string, count: number) =>
  eventually(async () => {
    const { gate } = await tidegate.gate(dagId);
    return Object.values(gate.queued).reduce((sum, one) => sum + one.count, 0) === count && gate;
  });
const rowOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('consumer')
    .select(['epoch', 'sent'])
    .where('dag_id', '=', parseDagId(dagId))
    .executeTakeFirstOrThrow();
/** A message as the dispatcher would send it now. */
const message = async (dagId: string, rest: Partial<AssetEvents>): Promise<AssetEvents> => {
  const { id, head } = await readLog(tidegate.deps.db);
  const { epoch, sent } = await rowOf(dagId);
  return {
    ...{ log: id, epoch, version: 1, after: sent, upTo: head, batches: [], more: false, definition: null },
    ...rest,
  };
};

describe('a consumer that is terminated', () => {
  it('begins again where its checkpoint left it, and is sent the rest', async () => {
    await tidegate.post(ended.a.uri);
    await tidegate.post(ended.a.uri);
    await queued('ended', 2);
    const { epoch } = await rowOf('ended');
    await tidegate.consumer('ended').terminate('test');
    await tidegate.post(ended.b.uri);
    await tidegate.runsClosed('ended', 1);
    await isConserved();
    expect((await rowOf('ended')).epoch).toBeGreaterThan(epoch);
    expect(await tidegate.runsOf('ended')).toHaveLength(1);
  });
});

describe('a consumer that is reset', () => {
  it('decides nothing anew that was decided before', async () => {
    for (let run = 1; run <= 3; run += 1) {
      await tidegate.post(reset.a.uri);
      await tidegate.runsClosed('reset', run);
    }
    const { client, namespace } = tidegate.deps.temporal;
    const { runId: executionRunId, workflowId } = await tidegate.consumer('reset').describe();
    const history = await tidegate.consumer('reset').fetchHistory();
    const first = history.events?.find(({ workflowTaskCompletedEventAttributes: done }) => done);
    await client.workflowService.resetWorkflowExecution({
      ...{ namespace, workflowExecution: { workflowId, runId: executionRunId }, reason: 'test' },
      ...{ workflowTaskFinishEventId: first?.eventId ?? null, requestId: 'reset once' },
    });
    await tidegate.post(reset.a.uri);
    await tidegate.runsClosed('reset', 4);
    await isConserved();
    expect(await tidegate.runsOf('reset')).toHaveLength(4);
  });
});

describe('a message to a consumer', () => {
  beforeAll(async () => {
    await tidegate.post(odd.a.uri);
    await queued('odd', 1);
  });

  it('that does not follow what was counted makes it begin again', async () => {
    await tidegate.postSilently(gap.a.uri);
    const { head } = await readLog(tidegate.deps.db);
    const { epoch } = await rowOf('gap');
    await tidegate.postSilently(gap.a.uri);
    // The event at the head is announced, the one before it never was.
    await tidegate
      .consumer('gap')
      .signal(assetEventsSignal, await message('gap', { after: head, upTo: head + 1 }));
    expect(Object.values((await queued('gap', 2)).queued)).toMatchObject([
      { firstSeq: head, lastSeq: head + 1 },
    ]);
    expect((await rowOf('gap')).epoch).toBe(epoch + 1);
  });

  it('of an earlier life, or of another log, changes nothing', async () => {
    const before = await queued('odd', 1);
    const [leaf = ''] = Object.keys(before.queued);
    const { epoch } = await rowOf('odd');
    const next = before.watermark + 10;
    const made = { upTo: next, batches: [[next, [leaf, next, 0]]] as never };
    const handle = tidegate.consumer('odd');
    await handle.signal(assetEventsSignal, await message('odd', { ...made, epoch: epoch - 1 }));
    await handle.signal(assetEventsSignal, await message('odd', { ...made, log: 'another' }));
    expect((await tidegate.gate('odd')).gate).toEqual(before);
    expect((await rowOf('odd')).epoch).toBe(epoch);
  });

  it('that comes twice counts once', async () => {
    const before = await queued('odd', 1);
    const { id } = await readLog(tidegate.deps.db);
    const [leaf = ''] = Object.keys(before.queued);
    const { epoch } = await rowOf('odd');
    const again = await message('odd', {
      ...{ log: id, epoch, after: 0, upTo: before.watermark },
      batches: [[before.watermark, [leaf, before.watermark, 0]]] as never,
    });
    await tidegate.consumer('odd').signal(assetEventsSignal, again);
    expect((await tidegate.gate('odd')).gate).toEqual(before);
  });

  it('that is no message at all is dropped, and the consumer goes on', async () => {
    const { client } = tidegate.deps.temporal;
    const handle = client.workflow.getHandle('dag/odd');
    const broken = [
      undefined,
      null,
      7,
      'text',
      [],
      {},
      { log: 1 },
      { ...(await message('odd', {})), batches: 'none' },
    ];
    for (const payload of broken) await handle.signal('assetEvents', payload);
    for (const payload of [undefined, 7, {}]) await handle.signal('runClosed', payload);
    await handle.signal('runRequested');
    await handle.signal('nobody listens to this', 1);
    const malformed = [5, ['x', []], [1, 2, 3], null, [9_999, ['nobody', -1, 'then']]];
    for (const batch of malformed) {
      const { head } = await readLog(tidegate.deps.db);
      await handle.signal(
        'assetEvents',
        await message('odd', { after: 0, upTo: head + 1, batches: [batch] as never }),
      );
    }
    await expect(handle.executeUpdate('clearQueue', { args: ['all of it'] })).rejects.toThrow(
      'Update failed',
    );
    await tidegate.post(odd.b.uri);
    await tidegate.runsClosed('odd', 1);
    await isConserved();
  });
});

describe('two dispatchers at once', () => {
  it('change nothing: each event is counted once', async () => {
    const { db, temporal, log } = tidegate.deps;
    const other = new Dispatcher({ db, temporal, log });
    const dagId = parseDagId('shared');
    for (let event = 0; event < 12; event += 1) {
      await tidegate.post(shared.a.uri);
      other.notify([dagId]);
    }
    await other.stop();
    await isConserved();
    expect((await readConsumer(db, dagId))?.consumer.gate.queued).toEqual({});
  });
});

describe('a decision whose answer is lost', () => {
  it.each(['openRuns', 'admitRuns', 'claimGate', 'setPaused'])(
    'is told again by %s, and taken once',
    async (activity) => {
      const before = (await tidegate.runsOf('busy')).length;
      loseAnswerOf = activity;
      if (activity === 'claimGate') await tidegate.consumer('busy').terminate('test');
      if (activity === 'setPaused') await setPaused(tidegate.deps, parseDagId('busy'), false);
      if (activity === 'admitRuns') await tidegate.trigger('busy');
      else await tidegate.post(busy.a.uri);
      const runs = await tidegate.runsClosed('busy', before + 1);
      await isConserved();
      expect(loseAnswerOf).toBeUndefined();
      expect(runs).toHaveLength(before + 1);
    },
  );
});

describe('a clear whose answer is lost', () => {
  it('is told again, and cuts the queue at the same place', async () => {
    const { deps } = tidegate;
    await tidegate.post(cut.a.uri);
    const first = Date.now();
    await eventually(async () => Date.now() > first + 1);
    await tidegate.post(cut.a.uri);
    await queued('cut', 2);
    const before = (
      await tidegate.deps.db.selectFrom('log').select('at').executeTakeFirstOrThrow()
    ).at.getTime();
    loseAnswerOf = 'clearQueue';
    expect(await clearQueue(deps, parseDagId('cut'), { before, who: 'test' })).toEqual({ cleared: 1 });
    expect(loseAnswerOf).toBeUndefined();
    expect(Object.values((await queued('cut', 1)).queued)).toMatchObject([{ count: 1, firstAt: before }]);
    await isConserved();
    // Its next life begins with what the cut left.
    await tidegate.consumer('cut').terminate();
    await tidegate.post(cut.a.uri);
    await queued('cut', 2);
    await isConserved();
  });
});

describe('a consumer under load', () => {
  it('continues as new, and nothing is lost, doubled or left without an answer', async () => {
    const dagId = parseDagId('load');
    const handle = tidegate.consumer('load');
    const firstExecution = (await handle.describe()).runId;
    const asked = { runs: 0, clears: 0, cleared: 0 };
    let isLong = false;
    const untilLong = async (ask: () => Promise<unknown>) => {
      // Twice over the edge: the message that comes while it continues is the one that gets lost.
      for (let more = 5; more > 0; more -= isLong ? 1 : 0) await ask();
    };
    await Promise.all([
      untilLong(() => tidegate.post(load.a.uri)),
      untilLong(() => tidegate.post(load.b.uri)),
      untilLong(async () => {
        if (asked.runs < 40) asked.runs += (await tidegate.trigger('load')) === '' ? 0 : 1;
        else await tidegate.post(load.a.uri, load.b.uri);
      }),
      untilLong(async () => {
        await setPaused(tidegate.deps, dagId, true);
        // Every other one cuts queues, wherever the moment happens to fall.
        const before = asked.clears % 2 === 0 ? null : Date.now() - 10;
        asked.cleared += (await clearQueue(tidegate.deps, dagId, { before, who: 'test' })).cleared;
        asked.clears += 1;
        await setPaused(tidegate.deps, dagId, false);
        isLong ||= (await handle.describe()).runId !== firstExecution;
      }),
    ]);
    await isConserved();
    const requested = (await tidegate.runsOf('load')).filter(({ trigger }) => trigger === 'manual');
    expect(requested.filter(({ state }) => state === 'success')).toHaveLength(asked.runs);
    const cleared = await tidegate.deps.db
      .selectFrom('consumption')
      .select('count')
      .where('dag_id', '=', dagId)
      .where('outcome', '=', 'cleared')
      .execute();
    expect(cleared.reduce((sum, { count }) => sum + count, 0)).toBe(asked.cleared);
  });
});
