import { toBatches } from '../../core/batch.ts';
import { type AskedRun, type Consumer, takeBatches } from '../../core/consumer.ts';
import { count } from '../../core/gate-count.ts';
import { takeAll } from '../../core/gate-take.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { type DagId, parseDagId, type RunId, runIdOfEvents } from '../../core/ids.ts';
import { claimGate, type Claimed } from '../../store/claim.ts';
import { readUndelivered } from '../../store/deliveries.ts';
import { admitRuns } from '../../store/admit-runs.ts';
import { openRuns } from '../../store/open-runs.ts';
import { closeRun, readRun } from '../../store/runs.ts';
import { aDagPlan, anAsset, anyOf } from '../support/plans.ts';
import { setClock } from '../support/clock.ts';
import { startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const dagId = parseDagId('consumer');
const other = parseDagId('other');
const condition = anyOf(anAsset(ORDERS), anAsset(RATES));

type Life = Extract<Claimed, { kind: 'claimed' }>;

let store: TestStore;
beforeEach(async () => {
  store = await startStore([aDagPlan({ dagId, condition }), aDagPlan({ dagId: other, condition })]);
});
afterEach(() => store.stop());

async function claim(of: DagId = dagId): Promise<Life> {
  const claimed = await claimGate(store.db, of);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return claimed;
}

/** What a consumer without a limit makes of all that the log has for it. */
async function askedOf({ gate, isPaused, activeRuns, hasRequests }: Life) {
  const { deliveries = [], upTo = 0 } = (await readUndelivered(store.db, dagId)) ?? {};
  const consumer: Consumer = {
    ...{ gate, isPaused, activeRuns, hasRequests },
    ...{ maxActiveRuns: 1_000, requestedRunsConsume: false },
  };
  return takeBatches(consumer, toBatches(deliveries), { upTo, more: false });
}

const runIds = (asked: readonly AskedRun[]): readonly RunId[] => asked.map(({ runId }) => runId);

const openRunIds = async (): Promise<readonly RunId[]> => {
  const rows = await store.db
    .selectFrom('run')
    .select('run_id')
    .where('dag_id', '=', dagId)
    .orderBy('number')
    .execute();
  return rows.map(({ run_id }) => run_id);
};

const consumed = () =>
  store.db
    .selectFrom('consumption')
    .select(['run_id', 'after_seq', 'upto_seq', 'count'])
    .where('dag_id', '=', dagId)
    .orderBy('upto_seq')
    .execute();

describe('runs that are opened together', () => {
  it('get each what was queued before the next one, in their order', async () => {
    const { epoch, ...life } = await claim();
    for (const uri of [ORDERS, ORDERS, RATES, ORDERS]) await store.post(uri);
    const { asked, gate } = await askedOf({ epoch, ...life });
    expect(asked).toHaveLength(4);
    expect(await openRuns(store.db, { dagId, epoch, step: 1, version: 1, asked, gate })).toBe('opened');
    expect(await openRunIds()).toEqual(runIds(asked));
    const [first, second, third, fourth] = asked.map(({ taken }) => taken[0]?.upTo ?? 0);
    expect(await consumed()).toMatchObject([
      { run_id: runIds(asked)[0], upto_seq: first, count: 1 },
      { run_id: runIds(asked)[1], after_seq: first, upto_seq: second, count: 1 },
      { run_id: runIds(asked)[2], upto_seq: third, count: 1 },
      { run_id: runIds(asked)[3], after_seq: second, upto_seq: fourth, count: 1 },
    ]);
    expect((await claim()).gate).toEqual(gate);
  });

  it('are let in at the moment at which they are there', async () => {
    const { epoch, ...life } = await claim();
    for (const uri of [ORDERS, RATES]) await store.post(uri);
    const { asked, gate } = await askedOf({ epoch, ...life });
    await setClock(store.db, 'ticking');
    await openRuns(store.db, { dagId, epoch, step: 1, version: 1, asked, gate });
    const runs = await store.db.selectFrom('run').select(['queued_at', 'admitted_at']).execute();
    expect(runs).toHaveLength(2);
    for (const run of runs) expect(run.admitted_at).toEqual(run.queued_at);
  });

  it('change nothing when they are asked for again', async () => {
    const { epoch, ...life } = await claim();
    for (const uri of [ORDERS, RATES]) await store.post(uri);
    const { asked, gate } = await askedOf({ epoch, ...life });
    const wish = { dagId, epoch, step: 1, version: 1, asked, gate };
    await openRuns(store.db, wish);
    const before = await consumed();
    expect(await openRuns(store.db, wish)).toBe('already');
    expect(await consumed()).toEqual(before);
  });

  it.each(['has events of another run', 'has the name of another run'] as const)(
    'are all left out when one of them %s',
    async (wrong) => {
      const { epoch, ...life } = await claim();
      await store.post(ORDERS);
      const first = await askedOf({ epoch, ...life });
      await openRuns(store.db, { dagId, epoch, step: 1, version: 1, asked: first.asked, gate: first.gate });
      await store.post(RATES);
      const before = [await openRunIds(), await consumed()];
      const { asked } = await askedOf({ epoch, ...life });
      const [known, next] = asked;
      if (known === undefined || next === undefined) throw new Error('both events ask for a run');
      // Under another name it takes what the first one has; under the name of the first one it takes something else.
      const other =
        wrong === 'has events of another run'
          ? { ...known, runId: runIdOfEvents(999) }
          : { ...next, runId: known.runId };
      const both = [next, other];
      const opened = await openRuns(store.db, {
        dagId,
        epoch,
        step: 2,
        version: 1,
        asked: both,
        gate: life.gate,
      });
      expect(opened).toBe('conflict');
      expect([await openRunIds(), await consumed()]).toEqual(before);
    },
  );

  it('are left out for a life that is over', async () => {
    const { epoch, ...life } = await claim();
    await store.post(ORDERS);
    const { asked, gate } = await askedOf({ epoch, ...life });
    await claim();
    expect(await openRuns(store.db, { dagId, epoch, step: 1, version: 1, asked, gate })).toBe('stale');
    expect(await openRunIds()).toEqual([]);
  });
});

describe('requested runs', () => {
  const version = 1;
  const request = async (...names: readonly string[]): Promise<readonly RunId[]> => {
    const requested: RunId[] = [];
    for (const name of names) requested.push(await store.request(dagId, name));
    return requested;
  };
  const admit = async (epoch: number, activeRuns: readonly RunId[], most: number, step = 1) => {
    const nothing = { taken: [], gate: emptyGate({ condition: null }, 0) };
    const wish = { dagId, epoch, step, version, activeRuns, most, ...nothing };
    const admitted = await admitRuns(store.db, wish);
    if (admitted.kind !== 'admitted') return admitted.kind;
    return { runs: admitted.runs.map(({ runId }) => runId), hasMore: admitted.hasMore };
  };

  it('are let in oldest first, as many as there are slots', async () => {
    const { epoch } = await claim();
    const [first, second, third] = await request('z_first', 'a_second', 'b_third');
    if (first === undefined || second === undefined) throw new Error('not requested');
    expect(await admit(epoch, [], 2)).toEqual({ runs: [first, second], hasMore: true });
    expect(await admit(epoch, [first, second], 2, 2)).toEqual({ runs: [third], hasMore: false });
  });

  it('are let in again, and no other, when the answer was lost', async () => {
    const { epoch } = await claim();
    await request('first', 'second', 'third');
    const answer = await admit(epoch, [], 2);
    expect(await admit(epoch, [], 2)).toEqual(answer);
  });

  it('are kept as the answer that arrived says, where more were asked for by then', async () => {
    const { epoch } = await claim();
    const [first] = await request('first');
    await admit(epoch, [], 2);
    const [second] = await request('second', 'third');
    expect(await admit(epoch, [], 2)).toEqual({ runs: [first, second], hasMore: true });
    const steps = store.db.selectFrom('consumer_step').select('detail').where('kind', '=', 'admitted');
    expect(await steps.where('epoch', '=', epoch).execute()).toEqual([
      { detail: { runIds: [first, second], hasMore: true } },
    ]);
  });

  it('have the version in force when they were let in, for good', async () => {
    const { epoch } = await claim();
    const runId = await store.request(dagId, 'by_hand');
    expect(await readRun(store.db, dagId, runId)).toMatchObject({ version: null });
    for (const each of [1, 2]) {
      const wish = {
        version: each,
        activeRuns: [],
        most: 1,
        taken: [],
        gate: emptyGate({ condition: null }, 0),
      };
      await admitRuns(store.db, { dagId, epoch, step: each, ...wish });
    }
    expect(await readRun(store.db, dagId, runId)).toMatchObject({ version: 1 });
  });

  it('wait for the next life when this one is over', async () => {
    const { epoch } = await claim();
    const [runId] = await request('by_hand');
    const next = await claim();
    expect(await admit(epoch, [], 1)).toBe('stale');
    expect(await admit(next.epoch, [], 1)).toEqual({ runs: [runId], hasMore: false });
  });

  it('are passed over when they were closed before', async () => {
    const { epoch } = await claim();
    const runId = await store.request(dagId, 'cancelled');
    await closeRun(store.db, { dagId, runId, attempt: 1, state: 'failed', reason: 'cancelled', ends: {} });
    expect(await admit(epoch, [], 1)).toEqual({ runs: [], hasMore: false });
  });
});

describe('requested runs that consume', () => {
  const wish = async ({ epoch, gate: before }: Life, step = 1) => {
    const { deliveries = [] } = (await readUndelivered(store.db, dagId)) ?? {};
    const { taken, gate } = takeAll(toBatches(deliveries).reduce(count, before));
    return { dagId, epoch, step, version: 1, activeRuns: [], most: 2, taken, gate };
  };

  it('leave all that is queued to the first of them, also when the answer was lost', async () => {
    const life = await claim();
    for (const uri of [ORDERS, RATES, ORDERS]) await store.post(uri);
    const first = await store.request(dagId, 'first');
    await store.request(dagId, 'second');
    const asked = await wish(life);
    const answer = await admitRuns(store.db, asked);
    expect(answer).toMatchObject({ kind: 'admitted', runs: [{ runId: first }, {}] });
    expect(await admitRuns(store.db, asked)).toEqual(answer);
    expect((await consumed()).map(({ run_id, count: of }) => [run_id, of])).toEqual([
      [first, 1],
      [first, 2],
    ]);
    expect((await claim()).gate).toEqual(asked.gate);
  });

  it('leave what is queued where it is when nobody waits', async () => {
    const life = await claim();
    await store.post(ORDERS);
    expect(await admitRuns(store.db, await wish(life))).toEqual({
      kind: 'admitted',
      runs: [],
      hasMore: false,
    });
    expect(await consumed()).toEqual([]);
    expect((await claim()).gate).toEqual(life.gate);
  });
});
