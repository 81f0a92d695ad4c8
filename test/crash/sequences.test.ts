import { sql } from 'kysely';
import type { AssetRef } from '../../core/asset-uri.ts';
import { type DagId, parseDagId, runIdByHand } from '../../core/ids.ts';
import type { Queued } from '../../core/gate.ts';
import { consumerWorkflowId, runWorkflowId } from '../../core/workflow-names.ts';
import type { DagPlan } from '../../core/run-plan.ts';
import { setPaused } from '../../temporal/control.ts';
import { deploy } from '../../temporal/deploy.ts';
import { requestRun } from '../../store/requests.ts';
import { signalConsumer } from '../../temporal/consumer-workflow.ts';
import { gateQuery, runRequestedSignal } from '../../workflows/messages.ts';
import { type Crash, orders, rates, startCrash } from '../support/crash.ts';
import { allOf, anAsset, aProject } from '../support/plans.ts';
import { eventually } from '../support/tidegate.ts';

// What is late: a worker stands still at one point while another one goes on, and then does what it was about to do.

const single = parseDagId('single');
const pair = parseDagId('pair');
const producer = parseDagId('producer');

let crash: Crash;

beforeAll(async () => {
  crash = await startCrash();
});

afterAll(() => crash.stop());

describe('a late', () => {
  it('success of a try that another one took over from records nothing', async () => {
    const zombie = await crash.worker();
    await zombie.stopAt('before a task success', 'after commit of a task success');
    const runId = await crash.trigger(producer);
    await zombie.broken();
    const heir = await crash.heir('before a task success');
    zombie.resume();
    await zombie.broken();
    const task = crash.deps.db.selectFrom('task_run').select(['state', 'try']).where('run_id', '=', runId);
    expect(await task.execute()).toEqual([{ state: 'running', try: 2 }]);
    heir.resume();
    expect(await crash.problems()).toEqual([]);
    expect(await task.execute()).toEqual([{ state: 'success', try: 2 }]);
  });

  it('success of a task whose run was terminated and closed records nothing', async () => {
    const zombie = await crash.worker();
    await zombie.stopAt('before a task success', 'after commit of a task success');
    const runId = await crash.trigger(producer);
    await zombie.broken();
    await workflow(runWorkflowId(producer, runId, 1)).terminate();
    await crash.heir();
    await eventually(async () => (await stateOf(producer, runId)) === 'failed', 60_000);
    zombie.resume();
    await zombie.broken();
    const { db } = crash.deps;
    expect(
      await db.selectFrom('asset_event').select('seq').where('source_run_id', '=', runId).execute(),
    ).toEqual([]);
    expect(await crash.problems()).toEqual([]);
  });

  it('signal of a slow dispatcher, behind those of a fast one, counts nothing again', async () => {
    const slow = await crash.worker();
    await slow.stopAt('before signal assetEvents', 'after commit of markSent');
    await crash.trigger(producer);
    await slow.broken();
    const before = (await crash.runsOf(single)).length;
    await crash.heir();
    await eventually(async () => (await crash.runsOf(single)).length > before, 60_000);
    await crash.post(orders);
    slow.resume();
    await slow.broken();
    expect(await crash.problems()).toEqual([]);
  });

  it('signal of a dispatcher that read before a deploy is judged by its own definition', async () => {
    const slow = await crash.worker();
    await slow.stopAt('before signal assetEvents', 'after commit of markSent');
    const before = await plans();
    await crash.trigger(producer);
    await slow.broken();
    const listens = (to: AssetRef) => (plan: DagPlan) =>
      plan.dagId === single ? { ...plan, condition: allOf(to) } : plan;
    await deploy(crash.deps, aProject(before.map(listens(anAsset(rates)))));
    await crash.heir();
    await crash.post(orders);
    await crash.post(rates);
    slow.resume();
    await slow.broken();
    expect(await crash.problems()).toEqual([]);
    await deploy(crash.deps, aProject(before));
    expect(await crash.problems()).toEqual([]);
  });

  it('note of what was sent to an earlier life does not count for the next one', async () => {
    const slow = await crash.worker();
    await slow.stopAt('before markSent', 'after commit of markSent');
    await crash.postSilently(rates);
    await slow.broken();
    await workflow(consumerWorkflowId(pair)).terminate();
    const heir = await crash.heir('after commit of claimGate');
    slow.resume();
    await slow.broken();
    heir.resume();
    expect(await crash.problems()).toEqual([]);
  });

  it('opening of a run by a consumer that was terminated leaves the events to its next life', async () => {
    const zombie = await crash.worker();
    await zombie.stopAt('before activity openRuns', 'after activity openRuns');
    await crash.post(orders);
    await zombie.broken();
    const { length } = await crash.runsOf(single);
    await workflow(consumerWorkflowId(single)).terminate();
    // Nothing runs yet, so that the next life finds itself paused before it is sent the event.
    const paused = setPaused(crash.deps, single, true);
    await crash.heir();
    await paused;
    await crash.post(orders);
    await eventually(async () => (await queuedFor(single)) === 2, 30_000);
    zombie.resume();
    await zombie.broken();
    expect(await crash.runsOf(single)).toHaveLength(length);
    await setPaused(crash.deps, single, false);
    expect(await crash.problems()).toEqual([]);
  });

  it('commit of a run by a consumer that was terminated meanwhile is that run', async () => {
    await crash.worker();
    await eventually(async () => (await workflow(consumerWorkflowId(single)).query(gateQuery)) !== null);
    const { length } = await crash.runsOf(single);
    const { db } = crash.deps;
    await db.transaction().execute(async (tx) => {
      await tx.selectFrom('consumer').select('epoch').where('dag_id', '=', single).forUpdate().execute();
      await crash.post(orders);
      await eventually(async () => {
        const { rows } = await sql`
          select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%update consumer set step%'`.execute(
          db,
        );
        return rows.length > 0;
      });
      await workflow(consumerWorkflowId(single)).terminate();
    });
    await eventually(async () => (await crash.runsOf(single)).length > length);
    expect(await crash.problems()).toEqual([]);
    expect((await crash.runsOf(single)).at(length)).toMatchObject({ state: 'success' });
  });
});

describe('a run', () => {
  it('that is terminated before its first step is closed, and gives its slot back', async () => {
    const worker = await crash.worker();
    await worker.killAt('after commit of openRuns');
    await crash.post(orders);
    await worker.broken();
    const run = (await crash.runsOf(single)).at(-1);
    if (run === undefined) throw new Error('no run was opened');
    // What the consumer would have started next.
    const { workflow: client } = crash.deps.temporal.client;
    const workflowId = runWorkflowId(single, run.run_id, 1);
    const handle = await client.start('dagRun', { workflowId, taskQueue: 'tidegate' });
    await handle.terminate();
    await crash.worker();
    const closed = await eventually(
      async () =>
        (await crash.runsOf(single)).find(({ run_id, ended_at }) => run_id === run.run_id && ended_at),
      60_000,
    );
    expect(closed).toMatchObject({
      state: 'failed',
      reason: 'its workflow ended without closing it: terminated',
    });
    expect(await crash.problems()).toEqual([]);
  });

  it('that is opened by a consumer that is terminated before it starts it is started by the sweep', async () => {
    const worker = await crash.worker();
    await worker.killAt('after commit of openRuns');
    await crash.post(orders);
    await worker.broken();
    await workflow(consumerWorkflowId(single)).terminate();
    await crash.worker();
    await eventually(
      async () => (await crash.runsOf(single)).every(({ state }) => state !== 'queued'),
      60_000,
    );
    expect(await crash.problems()).toEqual([]);
  });

  it('that is terminated between the end of its row and the word to its consumer gives its slot back', async () => {
    const worker = await crash.worker();
    await worker.killAt('before signal runClosed');
    await crash.post(orders);
    await worker.broken();
    const run = (await crash.runsOf(single)).at(-1);
    expect(run).toMatchObject({ state: 'success', is_close_reported: false });
    await workflow(runWorkflowId(single, run?.run_id ?? runIdByHand(0, ''), 1)).terminate();
    await crash.worker();
    expect(await crash.problems()).toEqual([]);
  });

  it('that is requested again and again, while its consumer continues as new, runs once', async () => {
    await crash.worker();
    const runId = await crash.trigger(producer);
    const consumer = workflow(consumerWorkflowId(producer));
    const first = (await consumer.describe()).runId;
    const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
    const again = async (): Promise<void> => {
      await requestRun(crash.deps.db, { dagId: producer, runId, trigger: 'manual', conf: '{}', ...none });
      await signalConsumer(crash.deps.temporal, producer, runRequestedSignal, []);
    };
    await eventually(async () => {
      await again();
      return (await consumer.describe()).runId !== first;
    });
    await again();
    expect(await crash.problems()).toEqual([]);
    const tasks = await crash.deps.db
      .selectFrom('task_run')
      .select(['state', 'try', 'attempt'])
      .where('run_id', '=', runId)
      .execute();
    expect(tasks).toEqual([{ state: 'success', try: 1, attempt: 1 }]);
  });
});

function workflow(id: string) {
  return crash.deps.temporal.client.workflow.getHandle(id);
}

async function stateOf(dagId: string, runId: string): Promise<string | undefined> {
  return (await crash.runsOf(dagId)).find(({ run_id }) => run_id === runId)?.state;
}

async function queuedFor(dagId: DagId): Promise<number> {
  const held = await workflow(consumerWorkflowId(dagId)).query(gateQuery);
  return Object.values<Queued>(held?.gate.queued ?? {}).reduce((sum, { count }) => sum + count, 0);
}

/** What is deployed. */
async function plans(): Promise<readonly DagPlan[]> {
  const rows = await crash.deps.db
    .selectFrom('dag')
    .innerJoin('dag_version', (join) =>
      join.onRef('dag_version.dag_id', '=', 'dag.dag_id').onRef('dag_version.version', '=', 'dag.version'),
    )
    .select('plan')
    .execute();
  return rows.flatMap(({ plan }) => (plan === null ? [] : [plan]));
}
