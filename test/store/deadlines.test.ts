import { toBatches } from '../../core/batch.ts';
import { decideDeadline, type DecidedDeadline, type OnMissing } from '../../core/deadline.ts';
import type { Gate } from '../../core/gate.ts';
import { count } from '../../core/gate-count.ts';
import { passTime } from '../../core/gate-time.ts';
import { parseDagId } from '../../core/ids.ts';
import { claimGate, type Claimed } from '../../store/claim.ts';
import { noteDeadline } from '../../store/deadlines.ts';
import { readUndelivered } from '../../store/deliveries.ts';
import { closeRun, readRun } from '../../store/runs.ts';
import { writeDeadline } from '../../store/write-deadline.ts';
import { setClock } from '../support/clock.ts';
import { allOf, aDagPlan, anAsset } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const [ORDERS, RATES] = ['s3://lake/orders', 's3://lake/rates'];
const dagId = parseDagId('punctual');
const planOf = (onMissing: OnMissing) =>
  aDagPlan({
    ...{ dagId, condition: allOf(anAsset(ORDERS), anAsset(RATES)) },
    deadline: { cron: { expression: '@daily', timezone: 'UTC' }, onMissing },
  });

let store: TestStore;
afterEach(() => store.stop());

type Life = Extract<Claimed, { kind: 'claimed' }>;
const claim = async (): Promise<Life> => {
  const claimed = await claimGate(store.db, dagId);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return claimed;
};
/** The gate of a life that has counted all there is, and let time pass to the deadline. */
const gateAt = async ({ gate }: Life, dueAt: number): Promise<Gate> => {
  const { deliveries = [] } = (await readUndelivered(store.db, dagId)) ?? {};
  return passTime(toBatches(deliveries).reduce(count, gate), dueAt);
};
const decide = (gate: Gate): DecidedDeadline => {
  const decided = decideDeadline({ gate, isPaused: false, hasSlot: true });
  if (decided === null) throw new Error('nothing is due');
  return decided;
};
const consumption = async () =>
  (
    await store.db
      .selectFrom('consumption')
      .select(['outcome', 'count', 'run_id', 'who'])
      .where('dag_id', '=', dagId)
      .execute()
  ).map(({ outcome, count: events, run_id, who }) => [outcome, events, run_id ?? who]);
const outcomes = async () =>
  (await store.db.selectFrom('deadline').select('outcome').orderBy('due_at').execute()).map(
    ({ outcome }) => outcome,
  );

/** A consumer that has one of its two assets when its deadline comes. */
const begin = async (onMissing: OnMissing) => {
  store = await startStore([planOf(onMissing)]);
  await store.post(ORDERS);
  const dueAt = Date.now() + 60_000;
  expect(await noteDeadline(store.db, dagId, dueAt)).toBe(true);
  const life = await claim();
  const decided = decide(await gateAt(life, dueAt));
  const { epoch, definition } = life;
  return {
    dueAt,
    wish: { ...decided, dagId, epoch, step: 1, version: definition.version, missing: [RATES] },
  };
};

describe('a decided deadline', () => {
  it('opens its run once with what it consumes, however often it is told', async () => {
    const { wish } = await begin('run');
    await setClock(store.db, 'ticking');
    expect(await writeDeadline(store.db, wish)).toBe('written');
    expect(await writeDeadline(store.db, wish)).toBe('written');
    const { runId = '' as never } = wish;
    expect(await readRun(store.db, dagId, runId)).toMatchObject({ trigger: 'scheduled', state: 'queued' });
    const { queued_at, admitted_at } = await store.db.selectFrom('run').selectAll().executeTakeFirstOrThrow();
    expect(admitted_at).toEqual(queued_at);
    expect(await consumption()).toEqual([['consumed', 1, runId]]);
    // Told again late, when its run has long ended.
    await closeRun(store.db, { dagId, runId, attempt: 1, state: 'success', reason: null, ends: {} });
    expect(await writeDeadline(store.db, wish)).toBe('written');
    expect(await consumption()).toHaveLength(1);
  });

  it('is decided by the life in force alone, and the next one begins behind it', async () => {
    const { wish, dueAt } = await begin('skip');
    const { gate } = await claim();
    expect(gate.deadlines?.due).toEqual([dueAt]);
    expect(await writeDeadline(store.db, wish)).toBe('stale');
    expect(await consumption()).toEqual([]);
    const life = await claim();
    const decided = { ...wish, ...decide(await gateAt(life, dueAt)), epoch: life.epoch };
    expect(await writeDeadline(store.db, decided)).toBe('written');
    const who = `deadline of ${new Date(dueAt).toISOString()}`;
    expect(await consumption()).toEqual([['expired', 1, who]]);
    const { gate: left } = await claim();
    expect(left).toMatchObject({ queued: {}, deadlines: { due: [], decidedAt: dueAt } });
    // The same deadline again is passed, and changes nothing.
    expect(await noteDeadline(store.db, dagId, dueAt)).toBe(true);
    expect((await claim()).gate.deadlines?.due).toEqual([]);
    expect(await outcomes()).toEqual(['skip']);
  });

  it('is unknown where it never came, and passes those before it', async () => {
    const { wish, dueAt } = await begin('alert');
    expect(await writeDeadline(store.db, { ...wish, dueAt: dueAt + 1 })).toBe('unknown');
    await noteDeadline(store.db, dagId, dueAt - 1_000);
    expect(await writeDeadline(store.db, { ...wish, step: 2 })).toBe('written');
    expect(await outcomes()).toEqual(['passed', 'alert']);
    expect(await consumption()).toEqual([]);
  });

  it('does not come to a DAG that has none, or is none', async () => {
    store = await startStore([aDagPlan({ dagId, condition: allOf(anAsset(ORDERS)) })]);
    expect(await noteDeadline(store.db, dagId, Date.now())).toBe(false);
    expect(await noteDeadline(store.db, parseDagId('nobody'), Date.now())).toBe(false);
    expect(await outcomes()).toEqual([]);
  });
});
