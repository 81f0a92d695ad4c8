import { parseDagId } from '../../core/ids.ts';
import { consumerWorkflowId, runWorkflowId } from '../../core/workflow-names.ts';
import { openAttempt } from '../../store/attempts.ts';
import type { RunRow } from '../../store/run-tables.ts';
import { clearRun } from '../../temporal/clear-run.ts';
import { everything } from '../support/attempts.ts';
import { type Crash, orders, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

// Each test breaks something while a run runs again; it then has to have run once more, with its own events, and all slots have to be right.

let crash: Crash;
beforeAll(async () => {
  crash = await startCrash();
});
afterAll(() => crash.stop());

const single = parseDagId('single');
const rowOf = async ({ run_id }: RunRow) => (await crash.runsOf(single)).find((run) => run.run_id === run_id);

/** A run of an event that has ended, and is seen to be by its consumer. */
async function endedRun(): Promise<RunRow> {
  await crash.worker();
  const { length } = await crash.runsOf(single);
  await crash.post(orders);
  return eventually(async () => {
    const run = (await crash.runsOf(single))[length];
    return run?.ended_at !== null && run;
  });
}

function requestOf({ run_id: runId, attempt }: RunRow) {
  return { dagId: single, runId, seen: attempt, who: 'test', why: 're-run', wish: everything } as const;
}

/** Waits for the end of its next attempt, and checks that it ran once, and on what the first consumed; what is not so, in words. */
async function problemsOf(run: RunRow): Promise<readonly string[]> {
  await eventually(async () => {
    const now = await rowOf(run);
    return now?.attempt === run.attempt + 1 && now.ended_at !== null;
  });
  const tasks = await crash.deps.db
    .selectFrom('task_run')
    .select(['attempt', 'state', 'result', 'ran_in'])
    .where('dag_id', '=', single)
    .where('run_id', '=', run.run_id)
    .orderBy('attempt')
    .execute();
  const [first, second] = tasks;
  expect(tasks).toHaveLength(2);
  expect(second).toMatchObject({ state: 'success', ran_in: null, result: first?.result });
  const workflowId = runWorkflowId(single, run.run_id, run.attempt + 1);
  const { client } = crash.deps.temporal;
  const executions = await eventually(async () => {
    const { count } = await client.workflow.count(`WorkflowId = '${workflowId}'`);
    return count > 0 && count;
  });
  expect(executions).toBe(1);
  return crash.problems();
}

describe('a run that runs again', () => {
  it('is found by a sweep where the process died before it told its consumer', async () => {
    const run = await endedRun();
    await openAttempt(crash.deps.db, requestOf(run));
    expect(await problemsOf(run)).toEqual([]);
  });

  it('does so once where the API dies with the answer, and is asked for the same again', async () => {
    const run = await endedRun();
    const api = await crash.api();
    await api.killAt('after commit of openAttempt');
    const body = JSON.stringify({ dry_run: false, attempt: run.attempt });
    const headers = { 'content-type': 'application/json' };
    const path = `/api/v2/dags/single/dagRuns/${run.run_id}/clear`;
    await expect(fetch(`${api.url}${path}`, { method: 'POST', headers, body })).rejects.toThrow(
      'fetch failed',
    );
    const heir = await crash.api();
    const answer = await fetch(`${heir.url}${path}`, { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ attempt: 2 })]);
    expect(await problemsOf(run)).toEqual([]);
    await heir.kill();
  });

  it('runs once where it is asked for again and again, by several at once', async () => {
    const run = await endedRun();
    const asked = await Promise.all([1, 2, 3].map(() => clearRun(crash.deps, requestOf(run))));
    expect(asked.filter(({ kind }) => kind === 'opened')).toHaveLength(1);
    expect(asked.filter(({ kind }) => kind === 'already')).toHaveLength(2);
    expect(await problemsOf(run)).toEqual([]);
  });

  it.each<FaultPoint>([
    'before commit of admitRuns',
    'after commit of admitRuns',
    'after activity readAttempt',
    'before commit of a task success',
    'after commit of a task success',
    'before commit of closeRun',
    'before signal runClosed',
    'after signal runClosed',
    'after commit of markCloseReported',
  ])('does so once where its worker is killed %s', async (point) => {
    const run = await endedRun();
    await crash.deps.closedRuns.idle();
    await eventually(async () => (await rowOf(run))?.is_close_reported);
    const worker = await crash.worker();
    await worker.killAt(point);
    await clearRun(crash.deps, requestOf(run));
    await worker.broken();
    await crash.worker();
    expect(await problemsOf(run)).toEqual([]);
  });

  it('does so though its consumer is terminated while it is queued', async () => {
    const run = await endedRun();
    const worker = await crash.worker();
    await worker.kill();
    await clearRun(crash.deps, requestOf(run));
    await crash.deps.temporal.client.workflow.getHandle(consumerWorkflowId(single)).terminate();
    await crash.worker();
    expect(await problemsOf(run)).toEqual([]);
  });

  it('does so though its consumer is terminated while it runs', async () => {
    const run = await endedRun();
    const worker = await crash.worker();
    await worker.killAt('before commit of a task success');
    await clearRun(crash.deps, requestOf(run));
    await worker.broken();
    await crash.deps.temporal.client.workflow.getHandle(consumerWorkflowId(single)).terminate();
    await crash.post(orders);
    await crash.worker();
    expect(await problemsOf(run)).toEqual([]);
  });

  it('does so though the close of its first attempt was never told', async () => {
    const worker = await crash.worker();
    const { length } = await crash.runsOf(single);
    await worker.killAt('before signal runClosed');
    await crash.post(orders);
    await worker.broken();
    const run = (await crash.runsOf(single))[length];
    expect(run).toMatchObject({ state: 'success', is_close_reported: false });
    if (run === undefined) throw new Error('no run');
    await clearRun(crash.deps, requestOf(run));
    await crash.worker();
    expect(await problemsOf(run)).toEqual([]);
  });
});
