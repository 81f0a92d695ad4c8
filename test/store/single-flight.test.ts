import { emptyGate } from '../../core/gate-terms.ts';
import { type DagId, parseDagId, parseRunId, type RunId } from '../../core/ids.ts';
import type { QueueLimit } from '../../core/queue-limit.ts';
import type { SingleFlight } from '../../core/single-flight.ts';
import { admitRuns } from '../../store/admit-runs.ts';
import { claimGate } from '../../store/claim.ts';
import { openRuns } from '../../store/open-runs.ts';
import { openAttempt, planAttempt } from '../../store/attempts.ts';
import { insertRequest, requestRun } from '../../store/requests.ts';
import { closeRun, readRun } from '../../store/runs.ts';
import { stopRuns } from '../../store/stop-runs.ts';
import { findWaitingRequests } from '../../store/sweep.ts';
import { aLatch } from '../support/latch.ts';
import { someoneWaits } from '../support/lock-wait.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const rule = (policy: SingleFlight['policy']): SingleFlight => ({
  ...{ policy, key: '{{ params.customer }}', params: { customer: 'all' } },
});
const plan = (id: string, policy: SingleFlight['policy']) =>
  aDagPlan({ dagId: parseDagId(id), maxActiveRuns: 8, singleFlight: rule(policy) });

const narrow = (id: string, maxActiveRuns: number, maxQueuedRuns: QueueLimit) => ({
  ...plan(id, 'queue'),
  ...{ maxActiveRuns, maxQueuedRuns },
});

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    plan('again', 'queue'),
    plan('queues', 'queue'),
    plan('skips', 'skip'),
    plan('stops', 'cancel_running'),
    narrow('folds', 1, { max: 1, policy: 'fold' }),
    narrow('drops', 2, { max: 1, policy: 'drop_oldest' }),
  ]);
});
afterAll(() => store.stop());

const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
const gate = emptyGate({ condition: null }, 0);

async function ask(id: string, name: string, customer: string) {
  const dagId = parseDagId(id);
  const conf = JSON.stringify({ customer });
  return requestRun(store.db, { dagId, runId: parseRunId(dagId, name), trigger: 'manual', conf, ...none });
}

/** A life of a consumer that lets in what it may, one step after the other. */
async function aLife(id: string) {
  const dagId = parseDagId(id);
  const claimed = await claimGate(store.db, dagId);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  const claim = { dagId, epoch: claimed.epoch, version: 1 };
  let step = 0;
  return {
    claimed,
    async admit(activeRuns: readonly RunId[] = [], most = 8) {
      step += 1;
      const admitted = await admitRuns(store.db, {
        ...{ ...claim, step, activeRuns, most, taken: [], gate, isSingle: true },
      });
      if (admitted.kind !== 'admitted') throw new Error(admitted.kind);
      return { ...admitted, ids: admitted.runs.map(({ runId }) => runId) };
    },
    open(runId: string, flightKey: string) {
      step += 1;
      const asked = [{ runId: parseRunId(dagId, runId), flightKey, taken: [] }];
      return openRuns(store.db, { ...claim, step, asked, gate });
    },
    stop(slots: readonly RunId[], looks: boolean) {
      step += 1;
      return stopRuns(store.db, { ...claim, step, counted: 0, slots, looks });
    },
  };
}

const close = (dagId: DagId, runId: RunId) =>
  closeRun(store.db, { dagId, runId, attempt: 1, state: 'success', reason: null, ends: {} });

describe('requests of a DAG of which one run of a key goes on at a time', () => {
  it('are let in one of each key, the oldest first, and the others once that has ended', async () => {
    const dagId = parseDagId('queues');
    for (const [name, customer] of [
      ['a1', 'a'],
      ['b1', 'b'],
    ] as const)
      await ask('queues', name, customer);
    const life = await aLife('queues');
    const first = await life.admit();
    expect(first).toMatchObject({ ids: ['a1', 'b1'], hasMore: false });
    expect(first.runs.map(({ flightKey }) => flightKey)).toEqual(['a', 'b']);
    for (const [name, customer] of [
      ['a2', 'a'],
      ['c1', 'c'],
      ['a3', 'a'],
    ] as const)
      await ask('queues', name, customer);
    const second = await life.admit(first.ids);
    expect(second).toMatchObject({
      ids: ['c1'],
      hasMore: false,
      heldBack: { runId: 'a2', by: 'a1', key: 'a' },
    });
    // No sweep wakes the consumer for what waits for a run.
    expect(await findWaitingRequests(store.db, 0)).not.toContain(dagId);
    expect(await readRun(store.db, dagId, parseRunId(dagId, 'a2'))).toMatchObject({ folded: 1 });

    await close(dagId, parseRunId(dagId, 'a1'));
    expect(await findWaitingRequests(store.db, 0)).toContain(dagId);
    const third = await life.admit([...first.ids.slice(1), ...second.ids]);
    expect(third).toMatchObject({ ids: ['a2'], hasMore: false });
    expect(third.heldBack).toBeUndefined();
    const { claimed } = await aLife('queues');
    expect(claimed.flights).toEqual({ a2: { key: 'a' }, b1: { key: 'b' }, c1: { key: 'c' } });
  });

  it('are judged one at a time: nobody overlooks what another one is about to write', async () => {
    const dagId = parseDagId('skips');
    const written = aLatch();
    const latch = aLatch();
    const request = { dagId, trigger: 'manual', conf: '{}', ...none } as const;
    const first = store.db.transaction().execute(async (tx) => {
      await insertRequest(tx, { ...request, runId: parseRunId(dagId, 'first') });
      written.open();
      await latch.opened;
    });
    await written.opened;
    const second = ask('skips', 'second', 'all');
    await Promise.race([second, someoneWaits(store.db)]);
    latch.open();
    await first;
    expect(await second).toEqual({ kind: 'in flight', runId: 'first', key: 'all' });
  });

  it('wait behind a run of their key also where that was asked for later, because they run again', async () => {
    const dagId = parseDagId('again');
    const life = await aLife('again');
    await ask('again', 'older', 'a');
    await life.admit();
    await close(dagId, parseRunId(dagId, 'older'));
    await ask('again', 'newer', 'a');
    const { ids } = await life.admit();
    const wish = { tasks: null, downstream: false, upstream: false, onlyFailed: false };
    const again = { dagId, runId: parseRunId(dagId, 'older'), who: 'ada', why: 're-run', wish } as const;
    expect(await openAttempt(store.db, again)).toMatchObject({ kind: 'opened', attempt: 2 });
    expect(await findWaitingRequests(store.db, 0)).not.toContain(dagId);
    expect(await life.admit(ids)).toMatchObject({ ids: [], heldBack: { runId: 'older', by: 'newer' } });
    // Nothing can become part of a run that runs again: the next request waits for itself, and another run that is to run again is refused.
    expect(await ask('again', 'third', 'a')).toEqual({ kind: 'requested' });
    expect(await ask('again', 'fourth', 'a')).toEqual({ kind: 'folded', runId: 'third' });
    await close(dagId, parseRunId(dagId, 'newer'));
    expect(await planAttempt(store.db, { ...again, runId: parseRunId(dagId, 'newer') })).toMatchObject({
      ...{ kind: 'in flight', runId: 'older', key: 'a' },
    });
  });
});

describe('a run that events open', () => {
  it('is none while a run of its key goes on, whatever its consumer believes', async () => {
    const dagId = parseDagId('skips');
    const life = await aLife('skips');
    expect((await life.admit()).ids).toHaveLength(1);
    expect(await life.open('asset__7', 'b')).toBe('opened');
    expect(await life.open('asset__8', 'b')).not.toBe('opened');
    expect(await readRun(store.db, dagId, parseRunId(dagId, 'asset__8'))).toBeUndefined();
    await close(dagId, parseRunId(dagId, 'asset__7'));
    expect(await life.open('asset__8', 'b')).toBe('opened');
  });
});

describe('a run that is to make way', () => {
  it('gets the state that it ends with, and is told again with the same step', async () => {
    const dagId = parseDagId('stops');
    await ask('stops', 'a1', 'a');
    await ask('stops', 'b1', 'b');
    const life = await aLife('stops');
    const { ids } = await life.admit();
    expect(ids).toEqual(['a1', 'b1']);
    await ask('stops', 'a2', 'a');
    const { claimed } = await aLife('stops');
    // The life before has nothing to say any more.
    expect(await life.stop([], true)).toEqual({ kind: 'stale' });
    const claim = { dagId, epoch: claimed.epoch, step: 1, version: 1, counted: 0, slots: [], looks: true };
    for (const _ of ['once', 'again'])
      expect(await stopRuns(store.db, claim)).toEqual({ kind: 'stopped', slots: ['a1'] });
    expect(await readRun(store.db, dagId, parseRunId(dagId, 'a1'))).toMatchObject({
      ...{ state: 'queued', wanted_state: 'failed' },
      wanted_reason: 'cancelled for a newer run (single flight of key "a")',
    });
    expect(await readRun(store.db, dagId, parseRunId(dagId, 'b1'))).toMatchObject({ wanted_state: null });
    await close(dagId, parseRunId(dagId, 'a1'));
    expect(await readRun(store.db, dagId, parseRunId(dagId, 'a1'))).toMatchObject({ state: 'failed' });
  });
});

describe('a request when as many wait as may', () => {
  it('becomes part of no run of another key', async () => {
    const life = await aLife('folds');
    await ask('folds', 'a1', 'a');
    await life.admit([], 1);
    expect(await ask('folds', 'a2', 'a')).toEqual({ kind: 'requested' });
    expect(await ask('folds', 'b1', 'b')).toEqual({ kind: 'full' });
    const folds = parseDagId('folds');
    expect(await ask('folds', 'a3', 'a')).toEqual({ kind: 'folded', runId: parseRunId(folds, 'a2') });
    expect(await readRun(store.db, folds, parseRunId(folds, 'a2'))).toMatchObject({
      ...{ folded: 1, conf: { customer: 'a' } },
    });
  });

  it('has the oldest dropped that is not about to start', async () => {
    const life = await aLife('drops');
    await ask('drops', 'a1', 'a');
    await life.admit([], 1);
    for (const [run, key] of [
      ['a2', 'a'],
      ['b1', 'b'],
      ['c1', 'c'],
    ] as const)
      await ask('drops', run, key);
    const drops = parseDagId('drops');
    const states = await Promise.all(
      ['a2', 'b1', 'c1'].map(async (run) => (await readRun(store.db, drops, parseRunId(drops, run)))?.state),
    );
    expect(states).toEqual(['failed', 'queued', 'queued']);
  });
});
