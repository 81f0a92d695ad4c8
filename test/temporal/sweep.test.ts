import { ScheduleNotFoundError } from '@temporalio/client';
import { sql } from 'kysely';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { asset, cron, dag, type DagDefinition } from '../../sdk/index.ts';
import { deployProject } from '../../store/deploy.ts';
import { requestRun } from '../../store/requests.ts';
import { closeRun } from '../../store/runs.ts';
import { setPaused } from '../../temporal/control.ts';
import { sweep } from '../../temporal/sweep.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { hashOf } from '../support/plans.ts';
import { eventually, projectOf, startTidegate, type Tidegate } from '../support/tidegate.ts';

const events = asset('s3://sweep/events');
const held: Record<string, Latch> = {};
const latch = (id: string): Latch => (held[id] ??= aLatch());
const ok = async (): Promise<void> => undefined;

let tidegate: Tidegate;
let deployed: readonly DagDefinition[];
beforeAll(async () => {
  const slow = (id: string) =>
    dag(id, { maxActiveRuns: 1 }, (d) => void d.task('wait', () => latch(id).opened));
  deployed = [
    dag('on_events', { schedule: events }, (d) => void d.task('work', ok)),
    dag('by_hand', { schedule: cron('0 0 1 1 *') }, (d) => void d.task('work', ok)),
    slow('terminated'),
    slow('unreported'),
  ];
  tidegate = await startTidegate(deployed);
});
afterAll(async () => {
  for (const one of Object.values(held)) one.open();
  await tidegate.stop();
});

const request = async (id: string, name: string) => {
  const dagId = parseDagId(id);
  const runId = parseRunId(dagId, name);
  const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
  await requestRun(tidegate.deps.db, { dagId, runId, trigger: 'manual', conf: '{}', ...none });
  return { dagId, runId };
};
/** As if it had happened a minute ago, so that the usual way has had its time. */
const longAgo = (runId: string) =>
  sql`update run set queued_at = queued_at - interval '1 minute', admitted_at = admitted_at - interval '1 minute',
    ended_at = ended_at - interval '1 minute' where run_id = ${runId}`.execute(tidegate.deps.db);

describe('a sweep', () => {
  it('forgets idempotency keys past their age when it is full, however many', async () => {
    const { db } = tidegate.deps;
    await sql`
      insert into idempotency_key (key, request_hash, seq, created_at)
      select 'swept ' || n, 'hash', 1, clock() - n * interval '1 hour' from generate_series(1, 2500) n`.execute(
      db,
    );
    const left = async () => {
      const rows = await db
        .selectFrom('idempotency_key')
        .select('key')
        .where('key', 'like', 'swept %')
        .execute();
      return rows.length;
    };
    await sweep(tidegate.deps, { isFull: false });
    expect(await left()).toBe(2_500);
    await sweep(tidegate.deps, { isFull: true });
    // Those of the last seven days, less the one that has just become so old.
    expect(await left()).toBe(7 * 24 - 1);
    await sweep(tidegate.deps, { isFull: true, idempotencyRetentionMs: 90 * 60_000 });
    expect(await left()).toBe(1);
  });

  it('sends what was recorded and never sent', async () => {
    // A consumer that has just begun is sent everything anyway.
    await tidegate.gate('on_events');
    await tidegate.deps.dispatcher.idle();
    await tidegate.postSilently(events.uri);
    await sweep(tidegate.deps, { isFull: false });
    expect(await tidegate.runsClosed('on_events', 1)).toMatchObject([{ state: 'success' }]);
  });

  it('tells a consumer of a requested run that it never heard of', async () => {
    const { runId } = await request('by_hand', 'never_told');
    await longAgo(runId);
    await sweep(tidegate.deps, { isFull: false });
    expect(await tidegate.closed('by_hand', runId)).toMatchObject({ state: 'success' });
  });

  it('starts a run that was let in and has no workflow', async () => {
    const { runId } = await request('by_hand', 'never_started');
    await sql`update run set admitted_at = clock(), version = 1 where run_id = ${runId}`.execute(
      tidegate.deps.db,
    );
    await longAgo(runId);
    await sweep(tidegate.deps, { isFull: false });
    expect(await tidegate.closed('by_hand', runId)).toMatchObject({ state: 'success' });
    const { searchAttributes } = await tidegate.run('by_hand', runId).describe();
    expect(searchAttributes).toMatchObject({ TidegateDag: ['by_hand'], TidegateTrigger: ['manual'] });
  });

  it('finishes a deploy that was cut off before Temporal heard of it', async () => {
    const { db, temporal } = tidegate.deps;
    const late = dag('deployed_late', { schedule: cron('0 0 1 1 *') }, (d) => void d.task('work', ok));
    await deployProject(db, projectOf([...deployed, late]), hashOf);
    const schedule = temporal.client.schedule.getHandle('tick/deployed_late');
    await expect(schedule.describe()).rejects.toThrow(ScheduleNotFoundError);
    await sql`update dag set updated_at = updated_at - interval '1 minute'`.execute(db);
    await sweep(tidegate.deps, { isFull: false });
    expect((await schedule.describe()).state.paused).toBe(false);
    const consumer = temporal.client.workflow.getHandle('dag/deployed_late');
    expect((await consumer.describe()).status.name).toBe('RUNNING');
  });

  it('pauses the schedule of a DAG whose pause was cut off before its schedule heard of it', async () => {
    const { db, temporal } = tidegate.deps;
    const schedule = temporal.client.schedule.getHandle('tick/by_hand');
    await setPaused(tidegate.deps, parseDagId('by_hand'), true);
    await schedule.unpause('as if it had never been told');
    await sql`update dag set synced_version = 0 where dag_id = 'by_hand'`.execute(db);
    await sweep(tidegate.deps, { isFull: false });
    expect((await schedule.describe()).state.paused).toBe(true);
    await setPaused(tidegate.deps, parseDagId('by_hand'), false);
    expect((await schedule.describe()).state.paused).toBe(false);
  });

  it('closes a run whose workflow was terminated, and gives its slot back', async () => {
    const first = await tidegate.trigger('terminated');
    await eventually(async () => (await tidegate.tasksOf('terminated', first)).length === 1);
    const second = await tidegate.trigger('terminated');
    await tidegate.run('terminated', first).terminate('by somebody');
    await sweep(tidegate.deps, { isFull: true });
    expect(await tidegate.closed('terminated', first)).toMatchObject({
      state: 'failed',
      reason: 'its workflow ended without closing it: terminated',
    });
    expect(await tidegate.tasksOf('terminated', first)).toMatchObject([{ state: 'failed' }]);
    await eventually(async () => (await tidegate.tasksOf('terminated', second)).length === 1);
    latch('terminated').open();
    expect(await tidegate.closed('terminated', second)).toMatchObject({ state: 'success' });
  });

  it('reports a close that its consumer never heard of', async () => {
    const first = await tidegate.trigger('unreported');
    await eventually(async () => (await tidegate.tasksOf('unreported', first)).length === 1);
    const dagId = parseDagId('unreported');
    const closing = { dagId, runId: first, attempt: 1, state: 'failed', reason: 'test', ends: {} } as const;
    await closeRun(tidegate.deps.db, closing);
    await longAgo(first);
    expect((await tidegate.gate('unreported')).activeRuns).toEqual([first]);
    await sweep(tidegate.deps, { isFull: false });
    await eventually(async () => (await tidegate.gate('unreported')).activeRuns.length === 0);
  });

  it('starts consumers that are missing', async () => {
    await tidegate.consumer('on_events').terminate('by somebody');
    await sweep(tidegate.deps, { isFull: true });
    expect((await tidegate.consumer('on_events').describe()).status.name).toBe('RUNNING');
  });

  it('changes nothing where nothing was left', async () => {
    const before = await tidegate.deps.db
      .selectFrom('run')
      .selectAll()
      .where('dag_id', '=', parseDagId('by_hand'))
      .execute();
    await sweep(tidegate.deps, { isFull: true });
    const after = await tidegate.deps.db
      .selectFrom('run')
      .selectAll()
      .where('dag_id', '=', parseDagId('by_hand'))
      .execute();
    expect(after).toEqual(before);
  });
});
