import type { Definition } from '../../core/definition.ts';
import { clear } from '../../core/clearing.ts';
import { type Gate, reach } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { takeAll } from '../../core/gate-take.ts';
import { parseDagId, runIdOfEvents } from '../../core/ids.ts';
import type { Claim } from '../../core/claim.ts';
import { claimGate, type Claimed } from '../../store/claim.ts';
import { adoptDefinition, checkpoint, clearQueue, setPaused } from '../../store/consumers.ts';
import { markSent, readUndelivered } from '../../store/deliveries.ts';
import { readConsumer } from '../../store/gate.ts';
import { openRuns } from '../../store/open-runs.ts';
import { readRun } from '../../store/runs.ts';
import { toBatches } from '../../core/batch.ts';
import { setClock } from '../support/clock.ts';
import { aDagPlan, anAsset, anyOf, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const dagId = parseDagId('consumer');
const byEither = aDagPlan({ dagId, condition: anyOf(anAsset(ORDERS), anAsset(RATES)) });
const byOrders = aDagPlan({ dagId, condition: on(anAsset(ORDERS)) });

type Life = Extract<Claimed, { kind: 'claimed' }>;

describe('the consumer of a DAG', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore([byEither]);
  });
  afterEach(() => store.stop());

  const claim = async (): Promise<Life> => {
    const claimed = await claimGate(store.db, dagId);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return claimed;
  };
  /** The gate with everything counted that the log has for it. */
  const counted = async (gate: Gate): Promise<Gate> => {
    const ahead = await readUndelivered(store.db, dagId);
    return toBatches(ahead?.deliveries ?? []).reduce(count, gate);
  };
  const step = ({ epoch }: Pick<Life, 'epoch'>, number = 1): Claim => ({ dagId, epoch, step: number });
  /** Opens a run on everything that is queued. */
  const openOn = async (life: Life, full: Gate, number = 1) => {
    const { version } = life.definition;
    const { taken, gate } = takeAll(full);
    const runId = runIdOfEvents(Math.max(...taken.map(({ upTo }) => upTo)));
    const asked = [{ runId, taken }];
    return { runId, gate, opened: await openRuns(store.db, { ...step(life, number), version, asked, gate }) };
  };
  const consumption = () =>
    store.db
      .selectFrom('consumption')
      .select(['after_seq', 'upto_seq', 'count', 'outcome', 'run_id', 'who'])
      .orderBy('after_seq')
      .execute();

  describe('when its gate is claimed', () => {
    it('begins another epoch, from its checkpoint, and is sent what came later again', async () => {
      const first = await claim();
      await store.post(ORDERS);
      await markSent(store.db, dagId, first.epoch, await store.head());
      const second = await claim();
      expect(second).toMatchObject({ epoch: first.epoch + 1, gate: first.gate, isPaused: false });
      expect(await readUndelivered(store.db, dagId)).toMatchObject({
        epoch: second.epoch,
        sent: second.gate.watermark,
        deliveries: [expect.objectContaining({ leaf: await store.leaf(dagId, ORDERS) })],
      });
    });

    it('knows the runs that hold a slot, and that others wait', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const { runId } = await openOn(life, await counted(life.gate));
      await store.request(dagId, 'by_hand');
      expect(await claim()).toMatchObject({ activeRuns: [runId], hasRequests: true });
    });

    it('is refused when its checkpoint lies above the end of the log, and for an unknown DAG', async () => {
      const life = await claim();
      const gate = { ...life.gate, watermark: 1_000 };
      await checkpoint(store.db, step(life), { version: 1, gate });
      await expect(claimGate(store.db, dagId)).rejects.toMatchObject({ code: 'log_rewound' });
      await expect(claimGate(store.db, parseDagId('nobody'))).rejects.toMatchObject({ code: 'unknown_dag' });
    });
  });

  describe('when it opens a run', () => {
    it('gives it the events, and goes on from the gate that remains', async () => {
      const life = await claim();
      const [first] = await store.post(ORDERS);
      await store.post(RATES);
      const [last] = await store.post(ORDERS);
      const { runId, gate, opened } = await openOn(life, await counted(life.gate));
      expect(opened).toBe('opened');
      expect(await readRun(store.db, dagId, runId)).toMatchObject({
        state: 'queued',
        trigger: 'asset',
        version: 1,
      });
      const rows = await consumption();
      expect(rows).toContainEqual(
        expect.objectContaining({ upto_seq: last, count: 2, outcome: 'consumed', run_id: runId }),
      );
      expect(rows).toContainEqual(
        expect.objectContaining({ upto_seq: (first ?? 0) + 1, count: 1, run_id: runId }),
      );
      expect(rows).toHaveLength(2);
      expect((await claim()).gate).toEqual(gate);
    });

    it('is told "already" when it asks again, and nothing is taken twice', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const full = await counted(life.gate);
      await openOn(life, full);
      const before = await consumption();
      expect(await openOn(life, full)).toMatchObject({ opened: 'already' });
      expect(await consumption()).toEqual(before);
    });

    it('is told "conflict" when a run of this id consumed something else', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const full = await counted(life.gate);
      const { runId } = await openOn(life, full);
      const { taken, gate } = takeAll(full);
      const other = taken.map((one) => ({ ...one, count: one.count + 1 }));
      const asked = [{ runId, taken: other }];
      expect(await openRuns(store.db, { ...step(life, 2), version: 1, asked, gate })).toBe('conflict');
    });

    it('is told "conflict" when another run has some of the events, and nothing is written', async () => {
      const life = await claim();
      await store.post(ORDERS);
      await openOn(life, await counted(life.gate));
      await store.post(ORDERS);
      const before = await consumption();
      // A gate that never heard of the first run still holds its event.
      const { runId, opened } = await openOn(life, await counted(life.gate), 2);
      expect(opened).toBe('conflict');
      expect(await consumption()).toEqual(before);
      expect(await readRun(store.db, dagId, runId)).toBeUndefined();
    });

    it('is told "stale" when another life claimed the gate, and nothing is written', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const full = await counted(life.gate);
      await claim();
      const { runId, opened } = await openOn(life, full);
      expect(opened).toBe('stale');
      expect(await consumption()).toEqual([]);
      expect(await readRun(store.db, dagId, runId)).toBeUndefined();
    });

    it('is stale where another step was taken in its place', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const full = await counted(life.gate);
      const { version } = life.definition;
      expect(await checkpoint(store.db, step(life), { version, gate: full })).toBe('stored');
      expect(await checkpoint(store.db, step(life), { version, gate: full })).toBe('stored');
      expect((await openOn(life, full)).opened).toBe('stale');
      expect((await openOn(life, full, 2)).opened).toBe('opened');
    });

    it('takes intervals that lie one behind the other, without a gap', async () => {
      const life = await claim();
      let { gate } = life;
      for (let run = 0; run < 3; run += 1) {
        await store.post(RATES);
        await store.post(ORDERS);
        const next = await openOn(life, await counted(gate), run + 1);
        await markSent(store.db, dagId, life.epoch, await store.head());
        ({ gate } = next);
      }
      const leaf = Number(await store.leaf(dagId, ORDERS));
      const rows = await store.db
        .selectFrom('consumption')
        .selectAll()
        .where('subscription_id', '=', leaf)
        .orderBy('after_seq')
        .execute();
      const { after_seq } = await store.db
        .selectFrom('subscription')
        .select('after_seq')
        .where('id', '=', leaf)
        .executeTakeFirstOrThrow();
      expect(rows.map((row) => row.after_seq)).toEqual([
        after_seq,
        ...rows.slice(0, -1).map((row) => row.upto_seq),
      ]);
      expect(rows.map((row) => row.count)).toEqual([1, 1, 1]);
    });
  });

  describe('whose worker stood still, while another one went on with the same life', () => {
    it('has nothing stored of a step that was overtaken', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const full = await counted(life.gate);
      await openOn(life, full, 1);
      await store.post(ORDERS);
      const { gate } = await openOn(life, await counted({ ...full, queued: {} }), 2);
      const before = await consumption();
      const late = step(life, 1);
      const old = { version: 1, gate: full };
      const clearing = clear(full, { leaves: null, before: null });
      expect(await checkpoint(store.db, late, old)).toBe('stale');
      expect(await clearQueue(store.db, late, { version: 1, who: 'ada', ...clearing })).toEqual({
        kind: 'stale',
      });
      const pause = { ...old, isPaused: true, whilePaused: 'keep' } as const;
      expect(await setPaused(store.db, late, pause)).toEqual({ kind: 'stale' });
      expect(await consumption()).toEqual(before);
      expect(await claim()).toMatchObject({ gate, isPaused: false });
    });

    it('takes no step before its turn', async () => {
      const life = await claim();
      expect(await checkpoint(store.db, step(life, 2), { version: 1, gate: life.gate })).toBe('stale');
    });
  });

  describe('when its queue is cleared', () => {
    /** Clears what is counted for a gate, or what of it is older than a time. */
    const clearing = async ({ gate }: { readonly gate: Gate }, before: number | null = null) => ({
      ...{ version: 1, who: 'ada' },
      ...clear(await counted(gate), { leaves: null, before }),
    });
    const [first, second, third] = ['2100-01-01T00:00:00Z', '2100-01-01T00:00:01Z', '2100-01-01T00:00:02Z'];

    it('says who cleared what, also when it is told twice', async () => {
      const life = await claim();
      const { epoch } = life;
      await store.post(ORDERS);
      await store.post(ORDERS);
      const wish = await clearing(life);
      const { gate } = wish;
      const answer = { kind: 'stored', gate, cleared: 2 };
      expect(await clearQueue(store.db, step({ epoch }), wish)).toEqual(answer);
      expect(await clearQueue(store.db, step({ epoch }), wish)).toEqual(answer);
      expect(await consumption()).toMatchObject([{ count: 2, outcome: 'cleared', run_id: null, who: 'ada' }]);
      expect((await claim()).gate).toEqual(gate);
    });

    it('accounts for what came between two tellings', async () => {
      const life = await claim();
      const { epoch } = life;
      await store.post(ORDERS);
      await clearQueue(store.db, step({ epoch }), await clearing(life));
      await store.post(ORDERS);
      await clearQueue(store.db, step({ epoch }, 2), await clearing(life));
      expect(await consumption()).toMatchObject([
        { count: 1, outcome: 'cleared' },
        { count: 1, outcome: 'cleared' },
      ]);
    });

    it('changes nothing for a life that is over', async () => {
      const life = await claim();
      await store.post(ORDERS);
      const asked = await clearing(life);
      await claim();
      expect(await clearQueue(store.db, step(life), asked)).toEqual({ kind: 'stale' });
      expect(await consumption()).toEqual([]);
    });

    it('up to a time, keeps what is as new with its true count and place, also when it is told twice', async () => {
      const life = await claim();
      await setClock(store.db, new Date(first));
      const [oldest] = await store.post(ORDERS, ORDERS);
      await store.post(RATES);
      await setClock(store.db, new Date(second));
      const [kept] = await store.post(ORDERS);
      await setClock(store.db, new Date(third));
      const [newest] = await store.post(ORDERS, RATES);
      const wish = await clearing(life, Date.parse(second));
      const rest = {
        [await store.leaf(dagId, ORDERS)]: {
          ...{ count: 2, firstSeq: kept, lastSeq: newest },
          ...{ firstAt: Date.parse(second), lastAt: Date.parse(third) },
        },
        [await store.leaf(dagId, RATES)]: {
          ...{ count: 1, firstSeq: (newest ?? 0) + 1, lastSeq: (newest ?? 0) + 1 },
          ...{ firstAt: Date.parse(third), lastAt: Date.parse(third) },
        },
      };
      const answer = { kind: 'stored', cleared: 3, gate: { ...wish.gate, queued: rest } };
      expect(await clearQueue(store.db, step(life), wish)).toEqual(answer);
      expect(await clearQueue(store.db, step(life), wish)).toEqual(answer);
      expect(await consumption()).toEqual(
        [
          { upto_seq: (oldest ?? 0) + 1, count: 2 },
          { upto_seq: (oldest ?? 0) + 2, count: 1 },
        ].map((row) => expect.objectContaining({ ...row, outcome: 'cleared', who: 'ada', run_id: null })),
      );
      expect((await claim()).gate.queued).toEqual(rest);
      expect((await readConsumer(store.db, dagId))?.consumer.gate.queued).toEqual(rest);
    });

    it('leaves the rest to one run, and each event in exactly one place', async () => {
      const life = await claim();
      await setClock(store.db, new Date(first));
      const [oldest] = await store.post(ORDERS);
      await setClock(store.db, new Date(second));
      await store.post(ORDERS);
      const cleared = await clearQueue(store.db, step(life), await clearing(life, Date.parse(second)));
      if (cleared.kind === 'stale') throw new Error('stale');
      const { runId, opened } = await openOn(life, cleared.gate, 2);
      expect(opened).toBe('opened');
      expect(await consumption()).toMatchObject([
        { upto_seq: oldest, count: 1, outcome: 'cleared' },
        { after_seq: oldest, count: 1, outcome: 'consumed', run_id: runId },
      ]);
    });

    it('up to a time, leaves out what a gate itself says is ignored', async () => {
      const life = await claim();
      await setClock(store.db, new Date(first));
      await store.post(ORDERS);
      await setClock(store.db, new Date(second));
      const [passed] = await store.post(ORDERS);
      const [kept] = await store.post(ORDERS);
      const full = await counted(life.gate);
      const ignored = [{ after: (passed ?? 0) - 1, upTo: passed ?? 0 }];
      const wish = clear({ ...full, ignored }, { leaves: null, before: Date.parse(second) });
      expect(await clearQueue(store.db, step(life), { version: 1, who: 'ada', ...wish })).toMatchObject({
        gate: { queued: { [await store.leaf(dagId, ORDERS)]: { count: 1, firstSeq: kept } } },
      });
    });

    it('up to a time, counts nothing that a pause ignored, on neither side of it', async () => {
      const life = await claim();
      await setClock(store.db, new Date(first));
      await store.post(ORDERS);
      const pause = { version: 1, whilePaused: 'ignore', isPaused: true } as const;
      const begun = await setPaused(store.db, step(life, 1), { ...pause, gate: await counted(life.gate) });
      if (begun.kind === 'stale') throw new Error('stale');
      await store.post(ORDERS, ORDERS);
      await setClock(store.db, new Date(second));
      await store.post(ORDERS);
      const gate = reach(await counted(begun.gate), await store.head(), false);
      const ended = await setPaused(store.db, step(life, 2), { ...pause, isPaused: false, gate });
      if (ended.kind === 'stale') throw new Error('stale');
      const [kept] = await store.post(ORDERS);
      await markSent(store.db, dagId, life.epoch, kept ?? 0);
      const full = toBatches([
        {
          seq: kept ?? 0,
          batchEnd: kept ?? 0,
          leaf: await store.leaf(dagId, ORDERS),
          at: Date.parse(second),
        },
      ]).reduce(count, ended.gate);
      const wish = clear(full, { leaves: null, before: Date.parse(second) });
      expect(await clearQueue(store.db, step(life, 3), { version: 1, who: 'ada', ...wish })).toMatchObject({
        cleared: 1,
        gate: { queued: { [await store.leaf(dagId, ORDERS)]: { count: 1, firstSeq: kept, lastSeq: kept } } },
      });
      expect(await consumption()).toMatchObject([
        { outcome: 'cleared', count: 1 },
        { outcome: 'ignored', count: 3 },
      ]);
    });
  });

  describe('when its definition changes', () => {
    const redeployed = async (life: Life, plan = byOrders) => {
      await store.post(ORDERS);
      const [rates] = await store.post(RATES);
      const gate = await counted(life.gate);
      await store.deploy([plan]);
      const change = { version: 2, at: await store.head(), gate };
      return { rates, change };
    };

    it('keeps what is queued for assets that stay, and drops the rest through this edit', async () => {
      const life = await claim();
      const { rates, change } = await redeployed(life);
      const orders = await store.leaf(dagId, ORDERS);
      const adopted = await adoptDefinition(store.db, step(life), change);
      expect(adopted).toMatchObject({
        kind: 'adopted',
        definition: { version: 2, condition: { kind: 'asset', asset: orders } } satisfies Partial<Definition>,
        gate: { watermark: change.at, queued: { [orders]: { count: 1 } } },
      });
      expect(Object.keys(adopted.kind === 'adopted' ? adopted.gate.queued : {})).toEqual([orders]);
      expect(await consumption()).toMatchObject([{ upto_seq: rates, count: 1, outcome: 'dropped' }]);
    });

    it('adopts it once, however often it is told', async () => {
      const life = await claim();
      const { change } = await redeployed(life);
      const first = await adoptDefinition(store.db, step(life), change);
      expect(await adoptDefinition(store.db, step(life), change)).toEqual(first);
      expect(await consumption()).toHaveLength(1);
    });

    it('refuses the runs that wait for a DAG that was removed, and not for one that was deployed again', async () => {
      const life = await claim();
      await store.deploy([]);
      const removed = { version: 2, at: await store.head(), gate: life.gate };
      await store.deploy([byOrders]);
      const runId = await store.request(dagId, 'by_hand');
      await adoptDefinition(store.db, step(life, 1), removed);
      expect(await readRun(store.db, dagId, runId)).toMatchObject({ state: 'queued' });
      await store.deploy([]);
      const again = { version: 4, at: await store.head(), gate: life.gate };
      await adoptDefinition(store.db, step(life, 2), again);
      expect(await readRun(store.db, dagId, runId)).toMatchObject({
        state: 'failed',
        reason: 'the DAG was removed',
      });
    });

    it('leaves it to the next life when its own is over', async () => {
      const life = await claim();
      const { change } = await redeployed(life);
      const next = await claim();
      expect(next.definition.version).toBe(1);
      expect(await adoptDefinition(store.db, step(life), change)).toEqual({
        kind: 'stale',
      });
      expect(await consumption()).toEqual([]);
    });
  });
});
