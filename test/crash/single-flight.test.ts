import { parseDagId, type RunId, runIdByHand } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { consumerWorkflowId } from '../../core/workflow-names.ts';
import type { RunRow } from '../../store/run-tables.ts';
import { requestRun } from '../../temporal/request-run.ts';
import { type Crash, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

// Each test kills the worker while one run is to follow another one of its key; afterwards each has to have run once, and never both at a time.

let crash: Crash;
beforeAll(async () => {
  crash = await startCrash();
});
afterAll(() => crash.stop());

let asked = 0;
async function ask(id: string, conf: JsonObject): Promise<RunId> {
  asked += 1;
  const dagId = parseDagId(id);
  const runId = runIdByHand(Date.now(), String(asked));
  const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
  await requestRun(crash.deps, { dagId, runId, trigger: 'manual', conf: JSON.stringify(conf), ...none });
  return runId;
}

const runOf = async (id: string, runId: RunId): Promise<RunRow | undefined> =>
  (await crash.runsOf(id)).find((run) => run.run_id === runId);
const running = (id: string, runId: RunId) =>
  eventually(async () => (await runOf(id, runId))?.state === 'running', 60_000);

/** Waits until runs of a DAG have ended, and compares when each was let in with the end of the one before. @returns what is not so */
async function overlaps(id: string): Promise<readonly string[]> {
  const runs = await eventually(async () => {
    const all = await crash.runsOf(id);
    return all.every(({ ended_at }) => ended_at !== null) && all;
  });
  const inOrder = runs.toSorted((a, b) => Number(a.admitted_at) - Number(b.admitted_at));
  return inOrder.flatMap((run, index) => {
    const before = inOrder[index - 1];
    const isBehind = before === undefined || Number(run.admitted_at) >= Number(before.ended_at);
    return isBehind ? [] : [`${run.run_id} was let in before the end of ${before.run_id}`];
  });
}

/** How often the task of a run gave back something. */
async function successesOf(id: string, runId: RunId): Promise<number> {
  const rows = await crash.deps.db
    .selectFrom('task_run')
    .select('state')
    .where('dag_id', '=', parseDagId(id))
    .where('run_id', '=', runId)
    .execute();
  return rows.filter(({ state }) => state === 'success').length;
}

/** A run that goes on until it is cancelled. */
async function longRun(): Promise<RunId> {
  await crash.worker();
  const first = await ask('newest', { waits: true });
  await running('newest', first);
  return first;
}

async function followed(first: RunId, second: RunId): Promise<readonly string[]> {
  const wrong = await overlaps('newest');
  expect(await runOf('newest', first)).toMatchObject({
    ...{ state: 'failed', reason: 'cancelled for a newer run (single flight)' },
  });
  expect(await runOf('newest', second)).toMatchObject({ state: 'success' });
  expect([await successesOf('newest', first), await successesOf('newest', second)]).toEqual([0, 1]);
  return [...wrong, ...(await crash.problems())];
}

describe('a run that makes way for a newer one', () => {
  it.each<FaultPoint>([
    'before commit of stopRuns',
    'after commit of stopRuns',
    'before commit of closeRun',
    'after commit of closeRun',
    'before signal runClosed',
    'after signal runClosed',
    'before commit of admitRuns',
    'after commit of admitRuns',
  ])('is cancelled, and followed once, where the worker is killed %s', async (point) => {
    const first = await longRun();
    const worker = await crash.worker();
    await worker.killAt(point);
    const second = await ask('newest', {});
    await worker.broken();
    await crash.worker();
    expect(await followed(first, second)).toEqual([]);
  });

  it('is cancelled by a sweep where its consumer is lost between the decision and the cancellation', async () => {
    const first = await longRun();
    const worker = await crash.worker();
    await worker.killAt('after commit of stopRuns');
    const second = await ask('newest', {});
    await worker.broken();
    await crash.deps.temporal.client.workflow.getHandle(consumerWorkflowId(parseDagId('newest'))).terminate();
    expect(await runOf('newest', first)).toMatchObject({ state: 'running', wanted_state: 'failed' });
    await crash.worker();
    expect(await followed(first, second)).toEqual([]);
  });

  it.each<FaultPoint>(['after commit of stopRuns', 'before commit of openRuns', 'after commit of openRuns'])(
    'is followed by the run of the events that came, once, where the worker is killed %s',
    async (point) => {
      const first = await longRun();
      const { length } = await crash.runsOf('newest');
      const worker = await crash.worker();
      await worker.killAt(point);
      await crash.post('s3://lake/newest');
      await worker.broken();
      await crash.worker();
      const second = await eventually(async () => (await crash.runsOf('newest'))[length]?.run_id, 60_000);
      expect(await followed(first, second)).toEqual([]);
    },
  );
});

describe('a run that waits for the end of another one', () => {
  it.each<FaultPoint>([
    'after commit of closeRun',
    'before signal runClosed',
    'before commit of admitRuns',
    'after commit of admitRuns',
  ])('runs once, with what events brought behind it, where the worker is killed %s', async (point) => {
    await crash.worker();
    const first = await ask('one_by_one', { slow: true });
    await running('one_by_one', first);
    const { length } = await crash.runsOf('one_by_one');
    const second = await ask('one_by_one', {});
    await crash.post('s3://lake/one_by_one');
    const worker = await crash.worker();
    await worker.killAt(point);
    await worker.broken();
    await crash.worker();
    await eventually(async () => (await crash.runsOf('one_by_one')).length === length + 2, 60_000);
    expect(await overlaps('one_by_one')).toEqual([]);
    const runs = (await crash.runsOf('one_by_one')).slice(length - 1);
    expect(runs.map(({ state }) => state)).toEqual(['success', 'success', 'success']);
    expect(await successesOf('one_by_one', second)).toBe(1);
    expect(await crash.problems()).toEqual([]);
  });
});
