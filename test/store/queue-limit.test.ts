import { sql } from 'kysely';
import { emptyGate } from '../../core/gate-terms.ts';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { claimGate } from '../../store/claim.ts';
import { admitRuns } from '../../store/admit-runs.ts';
import { insertRequest, requestRun } from '../../store/requests.ts';
import { readRun } from '../../store/runs.ts';
import { aLatch } from '../support/latch.ts';
import { someoneWaits } from '../support/lock-wait.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('limited');
const folding = parseDagId('folding');
const limit = { max: 1, policy: 'drop_oldest' } as const;

let store: TestStore;
beforeAll(async () => {
  store = await startStore([
    aDagPlan({ dagId, maxActiveRuns: 1, maxQueuedRuns: limit }),
    aDagPlan({ dagId: folding, maxActiveRuns: 1, maxQueuedRuns: { max: 1, policy: 'fold' } }),
  ]);
});
afterAll(() => store.stop());

const nothing = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };

describe('a request that is to become part of a run', () => {
  it('becomes part of another one where that one is let in in the same moment', async () => {
    const first = await store.request(folding, 'first');
    const waits = await store.request(folding, 'waits');
    const written = aLatch();
    const latch = aLatch();
    const letIn = store.db.transaction().execute(async (tx) => {
      await tx
        .updateTable('run')
        .set({ admitted_at: sql<Date>`clock()` })
        .where('run_id', '=', waits)
        .execute();
      written.open();
      await latch.opened;
    });
    await written.opened;
    const comes = parseRunId(folding, 'comes');
    const asked = requestRun(store.db, {
      dagId: folding,
      runId: comes,
      trigger: 'manual',
      conf: '{"n":1}',
      ...nothing,
    });
    await someoneWaits(store.db);
    latch.open();
    await letIn;
    expect(await asked).toEqual({ kind: 'folded', runId: first });
    expect(await readRun(store.db, folding, waits)).toMatchObject({ folded: 0, conf: {} });
  });
});

describe('a run that is dropped', () => {
  it('is not let in by a consumer that looks in the same moment, and its consumer has nothing to hear of it', async () => {
    const claimed = await claimGate(store.db, dagId);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    // The slot's own, the one that waits, and the one that comes.
    const [first, waits] = [await store.request(dagId, 'first'), await store.request(dagId, 'waits')];
    const comes = parseRunId(dagId, 'comes');
    const written = aLatch();
    const latch = aLatch();
    const asking = store.db.transaction().execute(async (tx) => {
      await insertRequest(tx, { dagId, runId: comes, trigger: 'manual', conf: '{}', ...nothing });
      written.open();
      await latch.opened;
    });
    await written.opened;
    const gate = emptyGate({ condition: null }, 0);
    const claim = { dagId, epoch: claimed.epoch, step: 1, version: 1 };
    const admitting = admitRuns(store.db, { ...claim, activeRuns: [], most: 3, taken: [], gate });
    await someoneWaits(store.db);
    latch.open();
    await asking;
    const admitted = await admitting;
    expect(admitted.kind === 'admitted' && admitted.runs.map(({ runId }) => runId)).not.toContain(waits);
    expect(await readRun(store.db, dagId, first)).toMatchObject({
      state: 'queued',
      admitted_at: expect.any(Date),
    });
    expect(await readRun(store.db, dagId, waits)).toMatchObject({
      ...{ state: 'failed', admitted_at: null, is_close_reported: true },
      reason: expect.stringContaining('dropped'),
    });
    expect(await readRun(store.db, dagId, comes)).toMatchObject({ state: 'queued' });
  });
});
